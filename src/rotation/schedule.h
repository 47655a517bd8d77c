#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// When secrets rotate, in the language of AWS's RotationRules (Secrets Manager User Guide, "Rotation schedules"): rate(), cron() or a number of days,
// and the length of the window in which it may happen. All times are UTC.
namespace coffer::rotation {

// A stretch of time in which one rotation is to happen; `end` is no part of it.
struct Window {
  Time start{}, end{};
  bool operator==(const Window&) const = default;
};

// Immutable; safe from any thread.
class Schedule {
 public:
  // "rate(10 days)", "rate(4 hours)", "cron(0 8 1 * ? *)"; the duration is "3h" or "" for the default: an hour where the schedule is in hours, else
  // until the day ends. Errors say in a sentence what is wrong with either.
  static Result<Schedule> parse(std::string_view expression, std::string_view duration);
  // So many days after the last rotation, on any time of that day (AutomaticallyAfterDays, 1 to 1,000).
  static Result<Schedule> every(std::int64_t days, std::string_view duration);

  // The window that follows a rotation at `since`, which is a time within the window before or any other. Nothing: there is none in eighty years.
  [[nodiscard]] std::optional<Window> next(Time since) const;
  // Days between that window and the one after it, rounded up: what AWS shows as AutomaticallyAfterDays.
  [[nodiscard]] std::int64_t days(Time since) const;

 private:
  enum class Kind : std::uint8_t { hours, days, cron };
  // Of a cron expression. Bit n stands for hour n, day n, month n; weekdays count from Sunday, 0.
  struct Cron {
    std::uint32_t hours = 0, days = 0, months = 0, weekdays = 0;
    bool last_day = false;                        // L
    std::uint32_t last_weekdays = 0;              // 5L
    std::array<std::uint32_t, 7> nth_weekdays{};  // 3#1: bit n for the n-th of the month
  };
  friend class CronParser;
  [[nodiscard]] Result<void> set_duration(std::string_view text);
  [[nodiscard]] bool falls_on(std::chrono::sys_days day) const;
  [[nodiscard]] std::optional<Time> next_cron(Time since) const;

  Kind kind_ = Kind::days;
  std::int64_t count_ = 1;     // of hours or days
  std::int64_t duration_ = 0;  // hours; 0: until the day ends
  Cron cron_;
};

}  // namespace coffer::rotation
