#include "doors/aws/sigv4_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "doors/http.h"

namespace coffer::doors::aws {
namespace {

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Escapes that are none stay as they are: what was signed is what the client had, whatever it meant.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.push_back(part);
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string out = "/";
  for (std::size_t i = 0; i < kept.size(); ++i) out.append(i == 0 ? "" : "/").append(kept[i]);
  if (folder && !kept.empty()) out.push_back('/');
  return out;
}

bool digits(std::string_view text, std::size_t from, std::size_t count, unsigned& out) {
  out = 0;
  for (std::size_t i = from; i < from + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + static_cast<unsigned>(text[i] - '0');
  }
  return true;
}

}  // namespace

void append_encoded(std::string& out, std::string_view text, bool keeps_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (unreserved(c) || (keeps_slash && c == '/')) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
}

std::optional<Time> parse_basic_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!digits(text, 0, 4, year) || !digits(text, 4, 2, month) || !digits(text, 6, 2, day) || !digits(text, 9, 2, hour) ||
      !digits(text, 11, 2, minute) || !digits(text, 13, 2, second))
    return std::nullopt;
  // Times beyond what nanoseconds can count are not of now either.
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || year < 1970 || year > 2200 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) + Seconds(second);
}

std::string basic_time(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<Seconds>(time - days));
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

void append_canonical_path(std::string& out, std::string_view path, bool normalized) {
  if (path.empty() || path == "/") {
    out.push_back('/');
    return;
  }
  if (normalized)
    append_encoded(out, without_dots(path), true);
  else
    append_encoded(out, path, true);
}

void append_canonical_query(std::string& out, std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  (void)each_parameter(query, [&](std::string_view encoded_name, std::string_view encoded_value) -> Result<void> {
    auto& [name, value] = pairs.emplace_back();
    append_encoded(name, decoded(encoded_name));
    append_encoded(value, decoded(encoded_value));
    return {};  // what was signed is taken as it came
  });
  std::sort(pairs.begin(), pairs.end());
  for (std::size_t i = 0; i < pairs.size(); ++i) out.append(i == 0 ? "" : "&").append(pairs[i].first).append("=").append(pairs[i].second);
}

namespace {
// Whether a value is its own canonical form: nothing but single blanks within.
bool is_plain(std::string_view value) {
  char before = ' ';
  for (const char c : value) {
    if (c == '\t' || c == '\r' || c == '\n' || (c == ' ' && before == ' ')) return false;
    before = c;
  }
  return value.empty() || before != ' ';
}
}  // namespace

void append_canonical_values(std::string& out, std::span<const HeaderView> headers, std::string_view name) {
  bool first = true;
  for (const HeaderView& h : headers) {
    if (!ascii_iequal(h.name, name)) continue;
    if (!first) out.push_back(',');
    first = false;
    if (is_plain(h.value)) {
      out.append(h.value);
      continue;
    }
    bool space = false, begun = false;
    for (const char c : h.value) {
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        space = true;
        continue;
      }
      if (space && begun) out.push_back(' ');
      space = false;
      begun = true;
      out.push_back(c);
    }
  }
}

}  // namespace coffer::doors::aws
