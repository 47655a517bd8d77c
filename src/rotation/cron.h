#pragma once
#include <optional>
#include <string_view>

#include "rotation/schedule.h"

namespace coffer::rotation {

// Digits only, at most six of them.
[[nodiscard]] std::optional<std::int64_t> small_number(std::string_view text);

// Reads the six fields of a cron expression: minutes, hours, day of the month, month, day of the week, year (internal to Schedule).
class CronParser {
 public:
  explicit CronParser(Schedule::Cron& into) : into_(into) {}
  [[nodiscard]] Result<void> parse(std::string_view text);

 private:
  [[nodiscard]] Result<void> parse_days(std::string_view text);
  [[nodiscard]] Result<void> parse_weekdays(std::string_view text);
  [[nodiscard]] Result<bool> parse_weekday_of_month(std::string_view item);
  Schedule::Cron& into_;
};

}  // namespace coffer::rotation
