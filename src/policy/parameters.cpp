#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "policy/rule.h"

// allowed_, denied_ and required_parameters. One decision for all encodings of a request (security.md E11): a form's "1" and JSON's 1 are
// the same value, and so are "a" and ["a"], since the backends read them alike.
namespace coffer::policy {

namespace {

enum class For : std::uint8_t { allowing, denying };

// A '*' at either end stands for any text.
bool glob_match(std::string_view pattern, std::string_view text) {
  if (pattern == "*") return true;
  const bool open_front = pattern.starts_with('*'), open_back = pattern.ends_with('*');
  if (open_front) pattern.remove_prefix(1);
  if (open_back) pattern.remove_suffix(1);
  if (open_front && open_back) return text.find(pattern) != std::string_view::npos;
  if (open_front) return text.ends_with(pattern);
  if (open_back) return text.starts_with(pattern);
  return text == pattern;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool same_number(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto x = number_of(a), y = number_of(b);
  // Beyond 2^53 doubles no longer tell neighbours apart: only equal spellings are equal there.
  return x && y && *x == *y && std::abs(*x) < 9007199254740992.0;
}

// The spellings that Vault's fields take for a boolean.
std::optional<bool> boolean_of(std::string_view text) {
  const std::string lower = ascii_lower(text);
  if (lower == "true" || lower == "t" || lower == "1") return true;
  if (lower == "false" || lower == "f" || lower == "0") return false;
  return std::nullopt;
}

bool scalar_matches(const hcl::Value& rule, const json::Value& value) {
  const bool is_text = value.is_string();
  const std::string_view text = is_text ? value.text() : value.raw();
  switch (rule.kind) {
    case hcl::Kind::string:
      if (glob_match(rule.text, text)) return true;
      if (value.is_number()) return same_number(rule.text, text);
      return value.is_bool() && boolean_of(rule.text) == value.as_bool();
    case hcl::Kind::number: return same_number(rule.text, text) || (value.is_bool() && boolean_of(rule.text) == value.as_bool());
    case hcl::Kind::boolean: {
      const auto given = boolean_of(text);
      return given && *given == (rule.text == "true");
    }
    default: return false;
  }
}

bool equals(const hcl::Value& rule, const json::Value& value);

bool equal_objects(const hcl::Value& rule, const json::Value& value) {
  const auto members = value.members();
  if (members.size() != rule.entries.size()) return false;
  return std::ranges::all_of(rule.entries, [&](const hcl::Entry& entry) {
    const auto member = value.find(entry.name());
    return entry.keys.size() == 1 && member && equals(entry.value, *member);
  });
}

// Deep equality, scalars compared as above.
bool equals(const hcl::Value& rule, const json::Value& value) {
  if (value.is_null()) return rule.is(hcl::Kind::null);
  if (rule.is(hcl::Kind::list)) {
    const auto elements = value.elements();
    return value.is_array() &&
           std::ranges::equal(rule.entries, elements, [](const hcl::Entry& a, const json::Value& b) { return equals(a.value, b); });
  }
  if (rule.is(hcl::Kind::object)) return value.is_object() && equal_objects(rule, value);
  return !value.is_array() && !value.is_object() && scalar_matches(rule, value);
}

// Comma-separated text is a list to many fields: its pieces, without the spaces around them.
std::vector<std::string_view> pieces_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view piece = text.substr(0, comma);
    while (piece.starts_with(' ')) piece.remove_prefix(1);
    while (piece.ends_with(' ')) piece.remove_suffix(1);
    out.push_back(piece);
    if (comma == text.size()) return out;
    text.remove_prefix(comma + 1);
  }
}

bool has_comma(std::string_view text) { return text.find(',') != std::string_view::npos; }

bool piece_matches(const hcl::Value& rule, std::string_view piece) { return rule.is(hcl::Kind::string) && glob_match(rule.text, piece); }

bool any_piece_matches(const hcl::Value& rule, std::string_view text) {
  return has_comma(text) && std::ranges::any_of(pieces_of(text), [&](std::string_view piece) { return piece_matches(rule, piece); });
}

// Whether a list is what a rule spells as text: its elements with commas between them, unless one holds a comma itself.
bool is_joined(const hcl::Value& rule, const std::vector<json::Value>& elements) {
  if (!rule.is(hcl::Kind::string)) return false;
  std::string out;
  for (const json::Value& element : elements) {
    const std::string_view text = element.is_string() ? element.text() : element.raw();
    if (element.is_array() || element.is_object() || element.is_null() || has_comma(text)) return false;
    out.append(out.empty() ? "" : ",").append(text);
  }
  return out == rule.text;
}

bool denied_element(const hcl::Value& rule, const json::Value& value) {
  return std::ranges::any_of(value.elements(), [&](const json::Value& e) { return equals(rule, e) || (e.is_string() && any_piece_matches(rule, e.text())); });
}

// Whether each of the pieces fits one of the rules: '*' of a pattern does not reach over a comma, since the field may be a list.
bool all_pieces_allowed(const std::vector<hcl::Value>& rules, std::string_view text) {
  return std::ranges::all_of(pieces_of(text), [&](std::string_view piece) {
    return std::ranges::any_of(rules, [&](const hcl::Value& rule) { return piece_matches(rule, piece); });
  });
}

bool allowed_text(const std::vector<hcl::Value>& rules, const json::Value& value) {
  for (const hcl::Value& rule : rules) {
    if (!equals(rule, value)) continue;
    const bool pattern = rule.is(hcl::Kind::string) && rule.text != "*" && rule.text.find('*') != std::string::npos;
    if (!pattern || !value.is_string() || !has_comma(value.text()) || has_comma(rule.text)) return true;
  }
  return value.is_string() && has_comma(value.text()) && all_pieces_allowed(rules, value.text());
}

// Each element of a list must fit, or the list as a whole be one that is named.
bool allowed_list(const std::vector<hcl::Value>& rules, const json::Value& value) {
  const auto elements = value.elements();
  for (const hcl::Value& rule : rules)
    if (equals(rule, value) || is_joined(rule, elements)) return true;
  return !elements.empty() && std::ranges::all_of(elements, [&](const json::Value& e) {
    return e.is_string() ? allowed_text(rules, e) : std::ranges::any_of(rules, [&](const hcl::Value& rule) { return equals(rule, e); });
  });
}

// Whether a value is among those that a rule names. To deny, one element of a list suffices; to allow, every one must fit.
bool listed(const std::vector<hcl::Value>& rules, const json::Value& value, For purpose) {
  if (rules.empty()) return true;
  if (purpose == For::allowing) return value.is_array() ? allowed_list(rules, value) : allowed_text(rules, value);
  return std::ranges::any_of(rules, [&](const hcl::Value& rule) {
    if (equals(rule, value)) return true;
    if (value.is_array()) return denied_element(rule, value);
    return value.is_string() && any_piece_matches(rule, value.text());
  });
}

const std::vector<hcl::Value>* named(const ParameterRules& rules, std::string_view name) {
  for (const auto& [key, values] : rules) {
    if (ascii_iequal(key, name)) return &values;
  }
  return nullptr;
}

bool present(const json::Value& parameters, std::string_view name) {
  const auto value = parameters.find(name);
  return value && !value->is_null();
}

}  // namespace

std::optional<ParameterFault> check_parameters(const Restrictions& restrictions, const json::Value& parameters) {
  for (const std::string& name : restrictions.required) {
    if (!present(parameters, name) && !present(parameters, ascii_lower(name))) return ParameterFault{true, name};
  }
  const auto members = parameters.members();
  if (members.empty()) return std::nullopt;
  const bool all_denied = named(restrictions.denied, "*") != nullptr, others_allowed = named(restrictions.allowed, "*") != nullptr;
  for (const auto& [key, value] : members) {
    const ParameterFault fault{false, key};
    if (all_denied) return fault;
    if (const auto* values = named(restrictions.denied, key); values && listed(*values, value, For::denying)) return fault;
    if (restrictions.allowed.empty()) continue;
    const auto* values = named(restrictions.allowed, key);
    if (values ? !listed(*values, value, For::allowing) : !others_allowed) return fault;
  }
  return std::nullopt;
}

std::optional<ParameterFault> check_page(std::int64_t limit, const json::Value& parameters) {
  const auto asked = parameters.find("limit");
  if (!asked) return ParameterFault{true, "limit"};
  const ParameterFault refused{false, "limit"};
  std::int64_t value = 0;
  if (asked->is_string()) {
    const std::string_view text = asked->text();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return refused;
  } else {
    value = asked->as_int().value_or(0);
  }
  if (value > 0 && value <= limit) return std::nullopt;
  return refused;
}

}  // namespace coffer::policy
