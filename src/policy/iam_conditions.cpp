#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/cidr.h"
#include "base/encoding.h"
#include "policy/iam.h"

// Operators of Condition blocks.
namespace coffer::policy::iam {
namespace {

using Compare = bool (*)(std::string_view wanted, std::string_view there, const Query& query, bool variables);

// Nothing where a variable is not known: that equals nothing.
std::optional<std::string> put_in(std::string_view wanted, const Query& query, bool variables) {
  return variables ? expand(wanted, query) : std::optional<std::string>(wanted);
}

// A text in which * and ? stand for themselves.
std::optional<std::string> plain(std::string_view wanted, const Query& query, bool variables) {
  auto out = put_in(wanted, query, variables);
  if (!out || !variables) return out;
  std::ranges::replace(*out, '\x01', '*');
  std::ranges::replace(*out, '\x02', '?');
  return out;
}

bool equals(std::string_view wanted, std::string_view there, const Query& query, bool variables) {
  const auto text = plain(wanted, query, variables);
  return text && *text == there;
}
bool equals_folded(std::string_view wanted, std::string_view there, const Query& query, bool variables) {
  const auto text = plain(wanted, query, variables);
  return text && ascii_iequal(*text, there);
}
bool like(std::string_view wanted, std::string_view there, const Query& query, bool variables) {
  return fits_pattern(wanted, there, query, variables);
}
// Of ARNs each part by itself: a * does not reach over a colon.
bool arn_like(std::string_view wanted, std::string_view there, const Query& query, bool variables) {
  const auto pattern = put_in(wanted, query, variables);
  if (!pattern) return false;
  std::string_view p = *pattern, t = there;
  for (int part = 0; part < 6; ++part) {
    const std::size_t pe = part == 5 ? p.size() : p.find(':'), te = part == 5 ? t.size() : t.find(':');
    if (pe == std::string_view::npos || te == std::string_view::npos) return false;
    if (!(variables ? glob_expanded(p.substr(0, pe), t.substr(0, te)) : glob(p.substr(0, pe), t.substr(0, te)))) return false;
    if (part < 5) p.remove_prefix(pe + 1), t.remove_prefix(te + 1);
  }
  return true;
}
bool in_network(std::string_view wanted, std::string_view there, const Query&, bool) {
  return cidr_list_contains({std::string(wanted)}, there);
}

std::optional<double> number_of(std::string_view text) {
  double out = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (fault != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) return std::nullopt;
  return out;
}
constexpr int last_year = 2260;  // a leap year
// A date (2026-01-02), a time (2026-01-02T03:04:05Z), or seconds since 1970.
std::optional<double> time_of(std::string_view text) {
  if (const auto seconds = number_of(text); seconds && !text.contains('-')) return seconds;
  std::string whole = text.size() == 10 ? std::string(text) + "T00:00:00Z" : std::string(text);
  // Clocks here end in 2262; what is later ("9999-12-31", for ever) is as late by as many years.
  double beyond = 0;
  int year = 0;
  if (const auto [end, fault] = std::from_chars(whole.data(), whole.data() + std::min<std::size_t>(whole.size(), 4), year); fault == std::errc() && end == whole.data() + 4 && year > last_year) {
    beyond = (year - last_year) * 365.2425 * 86'400;
    whole.replace(0, 4, std::to_string(last_year));
  }
  const auto time = parse_rfc3339(whole);
  if (!time) return std::nullopt;
  return std::chrono::duration<double>(time->time_since_epoch()).count() + beyond;
}

// Comparisons of what can be ordered, by the end of the operator's name.
std::optional<bool> compare(std::string_view how, std::optional<double> there, std::optional<double> wanted) {
  if (!there || !wanted) return std::nullopt;
  if (how == "Equals") return *there == *wanted;
  if (how == "LessThan") return *there < *wanted;
  if (how == "LessThanEquals") return *there <= *wanted;
  if (how == "GreaterThan") return *there > *wanted;
  if (how == "GreaterThanEquals") return *there >= *wanted;
  return std::nullopt;
}
template <std::optional<double> (*read)(std::string_view)>
bool ordered(std::string_view how, std::string_view wanted, std::string_view there) {
  return compare(how, read(there), read(wanted)).value_or(false);
}

struct Operator {
  std::string_view name;
  bool negated;
  Compare compare;
};
constexpr Operator operators[] = {
    {"StringEquals", false, equals},
    {"StringNotEquals", true, equals},
    {"StringEqualsIgnoreCase", false, equals_folded},
    {"StringNotEqualsIgnoreCase", true, equals_folded},
    {"StringLike", false, like},
    {"StringNotLike", true, like},
    {"BinaryEquals", false, equals},
    {"Bool", false, equals_folded},
    {"ArnEquals", false, arn_like},
    {"ArnNotEquals", true, arn_like},
    {"ArnLike", false, arn_like},
    {"ArnNotLike", true, arn_like},
    {"IpAddress", false, in_network},
    {"NotIpAddress", true, in_network},
};
constexpr std::string_view orders[] = {"Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"};

const Operator* find(std::string_view name) {
  const auto found = std::ranges::find(operators, name, &Operator::name);
  return found == std::end(operators) ? nullptr : &*found;
}

bool is_ordered(std::string_view op, std::string_view family) {
  return op.starts_with(family) && std::ranges::find(orders, op.substr(family.size())) != std::end(orders);
}

// Whether one value of the request meets the condition.
bool meets(const Condition& c, std::string_view there, const Query& query, bool variables) {
  const auto any = [&](auto fits) { return std::ranges::any_of(c.values, fits); };
  if (const Operator* op = find(c.op))
    return any([&](std::string_view wanted) { return op->compare(wanted, there, query, variables); }) != op->negated;
  const bool date = c.op.starts_with("Date");
  std::string_view how = std::string_view(c.op).substr(date ? 4 : 7);
  const bool negated = how == "NotEquals";
  if (negated) how = "Equals";
  return any([&](std::string_view wanted) {
           return date ? ordered<time_of>(how, wanted, there) : ordered<number_of>(how, wanted, there);
         }) != negated;
}

bool negated(const Condition& c) {
  const Operator* op = find(c.op);
  return op != nullptr ? op->negated : c.op.ends_with("NotEquals");
}

}  // namespace

bool known_operator(std::string_view op) {
  return op == "Null" || find(op) != nullptr || is_ordered(op, "Numeric") || is_ordered(op, "Date");
}

bool possible_value(std::string_view op, std::string_view value) {
  if (op == "IpAddress" || op == "NotIpAddress") return check_cidr(value).has_value();
  if (op == "Bool" || op == "Null") return ascii_iequal(value, "true") || ascii_iequal(value, "false");
  if (is_ordered(op, "Numeric")) return number_of(value).has_value();
  return !is_ordered(op, "Date") || time_of(value).has_value();
}

bool holds(const Condition& c, const Query& query, bool variables) {
  const auto found = query.context.find(c.key);
  const bool there = found != query.context.end() && !found->second.empty();
  if (c.op == "Null")
    return std::ranges::any_of(c.values, [&](std::string_view value) { return ascii_iequal(value, there ? "false" : "true"); });
  if (!there) return c.if_exists || (!c.for_any && (c.for_all || negated(c)));
  const auto one = [&](const std::string& value) { return meets(c, value, query, variables); };
  // Without a quantifier a negated operator must hold for each value, another one for any.
  if (c.for_all || (!c.for_any && negated(c))) return std::ranges::all_of(found->second, one);
  return std::ranges::any_of(found->second, one);
}

}  // namespace coffer::policy::iam
