#include "rotation/cron.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace coffer::rotation {
namespace {

constexpr std::string_view month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::string_view weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

// What the values of a field may be.
struct Range {
  std::string_view what;
  std::int64_t least, most;
  std::span<const std::string_view> names = {};  // of `least` and what follows
};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::unexpected<Error> not_in(const Range& range) {
  return invalid("the " + std::string(range.what) + " must be within " + std::to_string(range.least) + "-" + std::to_string(range.most) +
                 ".");
}

Result<std::int64_t> value_of(std::string_view text, const Range& range) {
  const auto name = std::ranges::find(range.names, text);
  if (name != range.names.end()) return range.least + (name - range.names.begin());
  const auto number = small_number(text);
  if (!number || *number < range.least || *number > range.most) return not_in(range);
  return *number;
}

// "*", "3", "1-5", "/12", "2/4", "1-9/2".
Result<std::uint32_t> bits_of(std::string_view item, const Range& range) {
  std::int64_t from = range.least, to = range.most, step = 1;
  const std::size_t slash = item.find('/');
  if (slash != item.npos) {
    const auto number = small_number(item.substr(slash + 1));
    if (!number || *number < 1 || *number > range.most) return not_in(range);
    step = *number;
    item = item.substr(0, slash);
  }
  if (const std::size_t dash = item.find('-'); dash != item.npos) {
    from = TRY(value_of(item.substr(0, dash), range));
    to = TRY(value_of(item.substr(dash + 1), range));
    if (from > to) return invalid("a range of the " + std::string(range.what) + " must go upwards.");
  } else if (item != "*" && !(item.empty() && slash != item.npos)) {
    from = TRY(value_of(item, range));
    if (slash == item.npos) to = from;
  }
  std::uint32_t out = 0;
  for (std::int64_t value = from; value <= to; value += step) out |= std::uint32_t{1} << value;
  return out;
}

Result<std::uint32_t> field_of(std::string_view text, const Range& range) {
  std::uint32_t out = 0;
  for (const std::string_view item : split(text, ',')) out |= TRY(bits_of(item, range));
  return out;
}

constexpr Range hour_range{"hours", 0, 23}, day_range{"day of the month", 1, 31}, month_range{"month", 1, 12, month_names},
    weekday_range{"day of the week", 1, 7, weekday_names};
constexpr int least_gap = 4;  // hours

// A secret rotates at most every four hours, over midnight too.
bool too_often(std::uint32_t hours) {
  for (int hour = 0; hour < 24; ++hour)
    for (int after = 1; after < least_gap; ++after)
      if ((hours >> hour & 1) != 0 && (hours >> (hour + after) % 24 & 1) != 0) return true;
  return false;
}

}  // namespace

std::optional<std::int64_t> small_number(std::string_view text) {
  std::int64_t out = 0;
  if (text.empty() || text.size() > 6 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  (void)std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Result<void> CronParser::parse(std::string_view text) {
  const std::vector<std::string_view> fields = split(text, ' ');
  if (fields.size() != 6)
    return invalid("a cron expression has six fields: minutes, hours, day of the month, month, day of the week, year.");
  if (fields[0] != "0") return invalid("the minutes must be 0: rotation windows start on the hour.");
  if (fields[5] != "*") return invalid("the year must be *.");
  if ((fields[2] == "?") == (fields[4] == "?")) return invalid("one of day of the month and day of the week must be ?, the other not.");
  into_.hours = TRY(field_of(fields[1], hour_range));
  if (too_often(into_.hours)) return invalid("a secret rotates at most every four hours.");
  into_.months = TRY(field_of(fields[3], month_range));
  return fields[2] == "?" ? parse_weekdays(fields[4]) : parse_days(fields[2]);
}

Result<void> CronParser::parse_days(std::string_view text) {
  for (const std::string_view item : split(text, ',')) {
    if (item == "L")
      into_.last_day = true;
    else
      into_.days |= TRY(bits_of(item, day_range));
  }
  return {};
}

Result<void> CronParser::parse_weekdays(std::string_view text) {
  for (const std::string_view item : split(text, ','))
    if (!TRY(parse_weekday_of_month(item))) into_.weekdays |= TRY(bits_of(item, weekday_range)) >> 1;
  return {};
}

// "5L", the last Thursday; "L", Saturday; "3#1", the first Tuesday. False: it is none of these.
Result<bool> CronParser::parse_weekday_of_month(std::string_view item) {
  if (item == "L") {
    into_.weekdays |= 1U << 6;
    return true;
  }
  if (const std::size_t hash = item.find('#'); hash != item.npos) {
    const std::int64_t weekday = TRY(value_of(item.substr(0, hash), weekday_range)) - 1;
    const std::int64_t which = TRY(value_of(item.substr(hash + 1), {"week of the month", 1, 5}));
    into_.nth_weekdays[static_cast<std::size_t>(weekday)] |= std::uint32_t{1} << which;
    return true;
  }
  if (!item.ends_with('L')) return false;
  const std::int64_t weekday = TRY(value_of(item.substr(0, item.size() - 1), weekday_range)) - 1;
  into_.last_weekdays |= std::uint32_t{1} << weekday;
  return true;
}

}  // namespace coffer::rotation
