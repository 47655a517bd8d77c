#include "rotation/schedule.h"

#include <bit>

#include "rotation/cron.h"

namespace coffer::rotation {
namespace {

using Days = std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_days;

constexpr std::int64_t most_days = 999, least_hours = 4;
constexpr int searched_days = 80 * 366;  // a fifth weekday in February is up to 40 years away

sys_days day_of(Time time) { return std::chrono::floor<Days>(time); }

Result<std::int64_t> hours_in(std::string_view text) {
  const auto number = text.ends_with('h') ? small_number(text.substr(0, text.size() - 1)) : std::nullopt;
  if (!number || *number < 1 || *number > 24) return invalid("Duration must be between 1h and 24h.");
  return *number;
}

// "10 days" of a rate.
struct Rate {
  std::int64_t count = 0;
  bool in_hours = false;
};
Result<Rate> parse_rate(std::string_view text) {
  const std::size_t space = text.find(' ');
  const auto count = small_number(text.substr(0, space));
  const std::string_view unit = space == text.npos ? std::string_view() : text.substr(space + 1);
  const bool in_hours = unit == "hour" || unit == "hours";
  if (!count || *count < 1 || (!in_hours && unit != "day" && unit != "days"))
    return invalid("a rate is a whole number of hours or days, such as rate(10 days).");
  if (in_hours && *count < least_hours) return invalid("a secret rotates at most every four hours.");
  if (*count > (in_hours ? most_days * 24 : most_days)) return invalid("a secret rotates at least every 999 days.");
  return Rate{*count, in_hours};
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view expression, std::string_view duration) {
  Schedule out;
  const auto inside = [&](std::string_view name) -> std::optional<std::string_view> {
    if (!expression.starts_with(name) || !expression.ends_with(')')) return std::nullopt;
    return expression.substr(name.size(), expression.size() - name.size() - 1);
  };
  if (const auto rate = inside("rate(")) {
    const Rate parsed = TRY(parse_rate(*rate));
    out.kind_ = parsed.in_hours ? Kind::hours : Kind::days;
    out.count_ = parsed.count;
  } else if (const auto cron = inside("cron(")) {
    out.kind_ = Kind::cron;
    CHECK_OK(CronParser(out.cron_).parse(*cron));
    if (!out.next_cron(Time(sys_days(std::chrono::year(2000) / 1 / 1)))) return invalid("no day is one of this cron expression.");
  } else {
    return invalid("it must be rate(...) or cron(...).");
  }
  CHECK_OK(out.set_duration(duration));
  return out;
}

Result<Schedule> Schedule::every(std::int64_t count, std::string_view duration) {
  if (count < 1 || count > 1000) return invalid("AutomaticallyAfterDays must be within 1-1000.");
  Schedule out;
  out.count_ = count;
  CHECK_OK(out.set_duration(duration));
  return out;
}

// The window may reach neither into the next one nor into the next day.
Result<void> Schedule::set_duration(std::string_view text) {
  const bool several_hours = kind_ == Kind::cron && std::popcount(cron_.hours) > 1;
  duration_ = !text.empty() ? TRY(hours_in(text)) : kind_ == Kind::hours || several_hours ? 1 : 0;
  if (kind_ == Kind::hours && duration_ > count_) return invalid("Duration must not reach into the next rotation window.");
  if (kind_ != Kind::cron) return {};
  const int last = 31 - std::countl_zero(cron_.hours);
  if (last + duration_ > 24) return invalid("Duration must not reach into the next day.");
  for (int hour = 0, before = -24; hour < 24; ++hour) {
    if ((cron_.hours >> hour & 1) == 0) continue;
    if (hour - before < duration_) return invalid("Duration must not reach into the next rotation window.");
    before = hour;
  }
  return {};
}

bool Schedule::falls_on(sys_days day) const {
  const std::chrono::year_month_day date(day);
  const unsigned number = static_cast<unsigned>(date.day()), month = static_cast<unsigned>(date.month());
  if ((cron_.months >> month & 1) == 0) return false;
  if ((cron_.days >> number & 1) != 0) return true;
  const unsigned last = static_cast<unsigned>(std::chrono::year_month_day_last(date.year() / date.month() / std::chrono::last).day());
  if (cron_.last_day && number == last) return true;
  const unsigned weekday = std::chrono::weekday(day).c_encoding();
  if ((cron_.weekdays >> weekday & 1) != 0) return true;
  if ((cron_.last_weekdays >> weekday & 1) != 0 && number + 7 > last) return true;
  return (cron_.nth_weekdays[weekday] >> ((number + 6) / 7) & 1) != 0;
}

std::optional<Time> Schedule::next_cron(Time since) const {
  sys_days day = day_of(since);
  for (int looked = 0; looked < searched_days; ++looked, day += Days(1)) {
    if (!falls_on(day)) continue;
    for (int hour = 0; hour < 24; ++hour)
      if ((cron_.hours >> hour & 1) != 0 && day + hours(hour) > since) return Time(day + hours(hour));
  }
  return std::nullopt;
}

std::optional<Window> Schedule::next(Time since) const {
  Window out;
  switch (kind_) {
    case Kind::hours: out.start = std::chrono::floor<hours>(since) + hours(count_); break;
    case Kind::days: out.start = day_of(since) + Days(count_); break;
    case Kind::cron: {
      const auto start = next_cron(since);
      if (!start) return std::nullopt;
      out.start = *start;
    }
  }
  const Time midnight = Time(day_of(out.start) + Days(1));
  out.end = duration_ == 0 ? midnight : std::min(midnight, Time(out.start + hours(duration_)));
  return out;
}

std::int64_t Schedule::days(Time since) const {
  if (kind_ == Kind::days) return count_;
  const auto first = next(since);
  const auto second = first ? next(first->start) : std::nullopt;
  if (!second) return 1;
  return std::max<std::int64_t>(1, std::chrono::ceil<Days>(second->start - first->start).count());
}

}  // namespace coffer::rotation
