#include "base/clock.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/brief.h"
#include "base/json.h"

namespace coffer {
namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
};

void write_digits(char* at, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// "2026-01-02T03:04:05".
void write_seconds(char* at, std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto seconds = static_cast<unsigned>((time - day).count());
  write_digits(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  write_digits(at + 5, static_cast<unsigned>(date.month()), 2);
  write_digits(at + 8, static_cast<unsigned>(date.day()), 2);
  write_digits(at + 11, seconds / 3600, 2);
  write_digits(at + 14, seconds / 60 % 60, 2);
  write_digits(at + 17, seconds % 60, 2);
  at[4] = at[7] = '-';
  at[10] = 'T';
  at[13] = at[16] = ':';
}

bool read_digits(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool read_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit units[] = {{"ns", 1},   {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"\xce\xbcs", 1e3},
                          {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},        {"h", 3600e9}};

std::unexpected<Error> bad_duration(std::string_view text) { return invalid("time: invalid duration " + json::quoted(brief(text))); }

// One "<number><unit>" of Go's syntax, in whole nanoseconds.
bool read_term(std::string_view& rest, __int128& nanoseconds, bool& unit_missing, std::string_view& unit_text) {
  __int128 whole = 0;
  std::size_t i = 0;
  while (i < rest.size() && rest[i] >= '0' && rest[i] <= '9') {
    if (whole > static_cast<__int128>(1) << 64) return false;
    whole = whole * 10 + (rest[i++] - '0');
  }
  const bool any = i > 0;
  // Whole numbers, so that what `go_duration` prints reads back as it was. Digits below any unit's nanosecond do not count.
  std::int64_t fraction = 0, scale = 1;
  bool any_fraction = false;
  if (i < rest.size() && rest[i] == '.') {
    for (++i; i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; ++i) {
      any_fraction = true;
      if (scale >= 100'000'000'000'000'000) continue;
      fraction = fraction * 10 + (rest[i] - '0');
      scale *= 10;
    }
  }
  if (!any && !any_fraction) return false;
  std::size_t j = i;
  while (j < rest.size() && rest[j] != '.' && (rest[j] < '0' || rest[j] > '9')) ++j;
  unit_text = rest.substr(i, j - i);
  unit_missing = unit_text.empty();
  for (const Unit& unit : units)
    if (unit.name == unit_text) {
      nanoseconds += whole * static_cast<__int128>(unit.nanoseconds) +
                     static_cast<__int128>(fraction) * static_cast<__int128>(unit.nanoseconds) / scale;
      rest.remove_prefix(j);
      return true;
    }
  return false;
}

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

void append_rfc3339(std::string& out, Time time) {
  // The text up to the second, kept: the times of one request nearly always share it.
  struct Kept {
    std::int64_t second = std::numeric_limits<std::int64_t>::min();
    std::array<char, 19> text{};
  };
  static thread_local constinit Kept kept;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  if (const std::int64_t count = second.time_since_epoch().count(); count != kept.second) {
    write_seconds(kept.text.data(), second);
    kept.second = count;
  }
  std::array<char, 30> text;
  std::copy(kept.text.begin(), kept.text.end(), text.begin());
  std::size_t size = kept.text.size();
  if (const auto fraction = static_cast<unsigned>((time - second).count())) {
    text[size] = '.';
    write_digits(&text[size + 1], fraction, 9);
    size += 10;
    while (text[size - 1] == '0') --size;
  }
  text[size++] = 'Z';
  out.append(text.data(), size);
}

std::string rfc3339(Time time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

Result<Time> parse_rfc3339(std::string_view text) {
  const auto bad = [] { return invalid("not an RFC 3339 time such as 2026-01-02T03:04:05Z"); };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!read_digits(text, 4, year) || !read_char(text, '-') || !read_digits(text, 2, month) || !read_char(text, '-') ||
      !read_digits(text, 2, day) || !(read_char(text, 'T') || read_char(text, 't')) || !read_digits(text, 2, hour) ||
      !read_char(text, ':') || !read_digits(text, 2, minute) || !read_char(text, ':') || !read_digits(text, 2, second))
    return bad();
  std::int64_t nanoseconds = 0;
  if (read_char(text, '.')) {
    std::int64_t scale = 100'000'000;
    bool any = false;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      nanoseconds += scale * (text.front() - '0');
      scale /= 10;
      any = true;
      text.remove_prefix(1);
    }
    if (!any) return bad();
  }
  int offset_minutes = 0;
  if (!(read_char(text, 'Z') || read_char(text, 'z'))) {
    const int sign = read_char(text, '+') ? 1 : read_char(text, '-') ? -1 : 0;
    int h = 0, m = 0;
    if (sign == 0 || !read_digits(text, 2, h) || !read_char(text, ':') || !read_digits(text, 2, m) || h > 23 || m > 59) return bad();
    offset_minutes = sign * (h * 60 + m);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // Nanoseconds since 1970 in 64 bits end in 2262.
  if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59 || year < 1700 || year > 2261) return bad();
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute - offset_minutes) +
         std::chrono::seconds(second) + Duration(nanoseconds);
}

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return Duration(0);
  constexpr __int128 most = std::numeric_limits<std::int64_t>::max();
  const auto whole_number = [](std::string_view s) {
    return !s.empty() && s.size() <= 18 && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  std::string_view body = text;
  const bool negative = body.front() == '-';
  if (negative || body.front() == '+') body.remove_prefix(1);
  __int128 total = 0;
  if (whole_number(body)) {
    total = static_cast<__int128>(std::stoll(std::string(body))) * 1'000'000'000;
  } else if (body.size() > 1 && body.back() == 'd' && whole_number(body.substr(0, body.size() - 1))) {
    total = static_cast<__int128>(std::stoll(std::string(body.substr(0, body.size() - 1)))) * 86'400 * 1'000'000'000;
  } else {
    if (body.empty()) return bad_duration(text);
    while (!body.empty()) {
      bool unit_missing = false;
      std::string_view unit;
      if (!read_term(body, total, unit_missing, unit)) {
        if (unit_missing) return invalid("time: missing unit in duration " + json::quoted(brief(text)));
        if (!unit.empty()) return invalid("time: unknown unit " + json::quoted(brief(unit)) + " in duration " + json::quoted(brief(text)));
        return bad_duration(text);
      }
      if (total > most) return bad_duration(text);
    }
  }
  if (total > most) return bad_duration(text);
  return Duration(static_cast<std::int64_t>(negative ? -total : total));
}

std::string go_duration(Duration d) {
  if (d.count() == 0) return "0s";
  const bool negative = d.count() < 0;
  const auto n = negative ? 0 - static_cast<std::uint64_t>(d.count()) : static_cast<std::uint64_t>(d.count());
  const auto with_fraction = [](std::uint64_t value, std::uint64_t unit, std::string_view name) {
    std::string out = fmt::format("{}", value / unit);
    if (const auto rest = value % unit) {
      int width = 0;
      for (auto u = unit; u > 1; u /= 10) ++width;
      std::string digits = fmt::format("{:0{}}", rest, width);
      while (digits.back() == '0') digits.pop_back();
      out += "." + digits;
    }
    return out.append(name);
  };
  std::string out = negative ? "-" : "";
  if (n < 1'000) return out + fmt::format("{}ns", n);
  if (n < 1'000'000) return out + with_fraction(n, 1'000, "\xc2\xb5s");
  if (n < 1'000'000'000) return out + with_fraction(n, 1'000'000, "ms");
  const auto hours = n / 3'600'000'000'000, minutes = n / 60'000'000'000 % 60;
  if (hours) out += fmt::format("{}h", hours);
  if (hours || minutes) out += fmt::format("{}m", minutes);
  return out + with_fraction(n % 60'000'000'000, 1'000'000'000, "s");
}

std::string short_duration(Duration d) {
  std::string out = go_duration(d);
  if (out.ends_with("m0s")) out.resize(out.size() - 2);
  if (out.ends_with("h0m")) out.resize(out.size() - 2);
  return out;
}

}  // namespace coffer
