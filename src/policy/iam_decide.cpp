#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"
#include "base/glob.h"
#include "policy/iam.h"

namespace coffer::policy::iam {
namespace {

constexpr char any_run = '\x01', any_one = '\x02';  // what `expand` leaves of a pattern's own * and ?

std::string_view account_of(std::string_view arn) {
  for (int colons = 0; colons < 4; ++colons) {
    const std::size_t at = arn.find(':');
    if (at == std::string_view::npos) return {};
    arn.remove_prefix(at + 1);
  }
  return arn.substr(0, arn.find(':'));
}

// `whole_account`: an account's name stands for all who are of it. It does not where something is allowed: there it only says that the account's own
// policies decide.
bool is_principal(std::string_view named, const Query& query, bool whole_account) {
  if (named == "*" || named == query.principal) return true;
  if (!whole_account && (!named.starts_with("arn:") || is_root_arn(named)) && !is_root_arn(query.principal)) return false;
  if (!named.starts_with("arn:")) return named == query.account;
  if (is_root_arn(named)) return account_of(named) == query.account;
  // A session of a role counts as the role.
  constexpr std::string_view session = ":assumed-role/", role = ":role/";
  const std::size_t at = query.principal.find(session), own = named.find(role);
  if (at == std::string::npos || own == std::string_view::npos || account_of(named) != account_of(query.principal)) return false;
  std::string_view name = std::string_view(query.principal).substr(at + session.size());
  name = name.substr(0, name.find('/'));
  std::string_view wanted = named.substr(own + role.size());
  if (const std::size_t slash = wanted.rfind('/'); slash != std::string_view::npos) wanted.remove_prefix(slash + 1);
  return name == wanted;
}

bool fits(const Statement& s, const Query& query, Kind kind, bool variables) {
  if (kind == Kind::resource) {
    const bool named = std::ranges::any_of(s.principals, [&](const std::string& one) { return is_principal(one, query, s.effect == Effect::deny || s.not_principal); });
    if (named == s.not_principal) return false;
  }
  const std::string action = ascii_lower(query.action);
  const bool acts = std::ranges::any_of(s.actions, [&](const std::string& one) { return glob(ascii_lower(one), action); });
  if (acts == s.not_action) return false;
  const bool on = std::ranges::any_of(s.resources, [&](const std::string& one) { return fits_pattern(one, query.resource, query, variables); });
  if (on == s.not_resource) return false;
  return std::ranges::all_of(s.conditions, [&](const Condition& condition) { return holds(condition, query, variables); });
}

constexpr std::array<std::string_view, 13> narrowing = {
    "aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:sourcevpc",
    "aws:sourcevpce",   "aws:sourceip",         "aws:vpcsourceip",    "aws:sourcearn",         "aws:sourceaccount",
    "aws:sourceorgid",  "aws:userid",           "aws:username"};

// A few networks of half the world each are all of it.
bool is_small_network(std::string_view network) {
  const std::size_t slash = network.find('/');
  if (slash == std::string_view::npos) return true;
  unsigned bits = 0;
  const std::string_view digits = network.substr(slash + 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  return fault == std::errc() && end == digits.data() + digits.size() && bits >= (network.contains(':') ? 32U : 8U);
}

// The part of a value that must stand fast, for the rest to be open: an ARN up to its account, an organisation, a role's id.
std::string_view fixed_part(std::string_view key, std::string_view value) {
  if (key == "aws:principalarn" || key == "aws:sourcearn") {
    std::size_t at = 0;
    for (int colons = 0; colons < 5; ++colons, ++at)
      if (at = value.find(':', at); at == std::string_view::npos) return {};
    return account_of(value).empty() ? std::string_view() : value.substr(0, at);
  }
  if (key == "aws:userid") return value.substr(0, value.find(':'));
  if (key == "aws:principalorgpaths") return value.substr(0, value.find('/'));
  return value;
}

bool narrows(const Condition& c) {
  constexpr std::array<std::string_view, 5> positive = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"};
  if (c.if_exists || c.for_all || c.values.empty()) return false;
  if (c.key == "aws:sourceip" || c.key == "aws:vpcsourceip") return c.op == "IpAddress" && std::ranges::all_of(c.values, is_small_network);
  if (std::ranges::find(positive, c.op) == positive.end() || std::ranges::find(narrowing, c.key) == narrowing.end()) return false;
  return std::ranges::all_of(c.values, [&](std::string_view value) {
    const std::string_view fixed = fixed_part(c.key, value);
    // What the request itself says fits every request.
    return !fixed.empty() && fixed.find_first_of("*?") == std::string_view::npos && !value.contains("${");
  });
}

}  // namespace

bool glob(std::string_view pattern, std::string_view text) { return coffer::glob(pattern, text, '*', '?'); }
bool glob_expanded(std::string_view pattern, std::string_view text) { return coffer::glob(pattern, text, any_run, any_one); }

std::optional<std::string> expand(std::string_view pattern, const Query& query) {
  const auto marked = [](std::string_view text) { return text.find_first_of("\x01\x02") != std::string_view::npos; };
  std::string out;
  if (marked(pattern)) return std::nullopt;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '*' || c == '?') {
      out.push_back(c == '*' ? any_run : any_one);
      continue;
    }
    const std::size_t end = c == '$' && i + 1 < pattern.size() && pattern[i + 1] == '{' ? pattern.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    std::string_view name = pattern.substr(i + 2, end - i - 2), otherwise;
    const bool has_default = name.contains(',');
    if (const std::size_t comma = name.find(','); comma != std::string_view::npos) {
      otherwise = name.substr(comma + 1);
      name = name.substr(0, comma);
      const std::size_t open = otherwise.find('\''), close = otherwise.rfind('\'');
      otherwise = open < close ? otherwise.substr(open + 1, close - open - 1) : std::string_view();
    }
    i = end;
    if (name == "*" || name == "?" || name == "$") {
      out.append(name);
      continue;
    }
    const auto found = query.context.find(ascii_lower(name));
    const bool known = found != query.context.end() && found->second.size() == 1;
    if (!known && !has_default) return std::nullopt;
    const std::string_view value = known ? std::string_view(found->second.front()) : otherwise;
    if (marked(value)) return std::nullopt;
    out.append(value);
  }
  return out;
}

bool fits_pattern(std::string_view pattern, std::string_view text, const Query& query, bool variables) {
  if (!variables) return glob(pattern, text);
  const auto expanded = expand(pattern, query);
  return expanded && glob_expanded(*expanded, text);
}

bool is_root_arn(std::string_view arn) {
  for (int colons = 0; colons < 5; ++colons) {
    const std::size_t at = arn.find(':');
    if (at == std::string_view::npos) return false;
    arn.remove_prefix(at + 1);
  }
  return arn == "root";
}

Verdict decide(const Document& document, const Query& query) {
  const bool variables = document.version == "2012-10-17";
  Verdict verdict = Verdict::silent;
  for (const Statement& s : document.statements) {
    const Kind kind = s.principals.empty() && !s.other_principals ? Kind::identity : Kind::resource;
    if (!fits(s, query, kind, variables)) continue;
    if (s.effect == Effect::deny) return Verdict::denied;
    verdict = Verdict::allowed;
  }
  return verdict;
}

bool is_public(const Document& document) {
  return std::ranges::any_of(document.statements, [](const Statement& s) {
    const bool everybody = s.not_principal || std::ranges::find(s.principals, "*") != s.principals.end();
    return s.effect == Effect::allow && everybody && std::ranges::none_of(s.conditions, narrows);
  });
}

}  // namespace coffer::policy::iam
