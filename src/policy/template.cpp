#include "policy/rule.h"

// Identity templates in policy paths: {{identity.entity.…}} and {{identity.groups.…}} (vault-api.md §1.5).
namespace coffer::policy {

namespace {

using Found = std::optional<std::string_view>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

Found in(const Pairs& pairs, std::string_view key) {
  for (const auto& [name, value] : pairs) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Found of_alias(const IdentityContext& identity, std::string_view selector) {
  const std::size_t dot = selector.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view accessor = selector.substr(0, dot);
  const IdentityContext::Alias* alias = nullptr;
  for (const auto& each : identity.aliases) {
    if (each.mount_accessor != accessor) continue;
    if (alias != nullptr) return std::nullopt;
    alias = &each;
  }
  if (alias == nullptr) return std::nullopt;
  std::string_view field = selector.substr(dot + 1);
  if (field == "id") return alias->id;
  if (field == "name") return alias->name;
  if (take_prefix(field, "metadata.")) return in(alias->metadata, field);
  if (take_prefix(field, "custom_metadata.")) return in(alias->custom_metadata, field);
  return std::nullopt;
}

// `selector` is what follows "ids." or "names.". Names may hold dots: the longest that fits is meant.
Found of_group(const IdentityContext& identity, std::string_view selector, bool by_id) {
  const IdentityContext::Group* group = nullptr;
  std::size_t length = 0;
  for (const auto& each : identity.groups) {
    const std::string& key = by_id ? each.id : each.name;
    if (key.size() <= length || !selector.starts_with(key) || selector.size() <= key.size() || selector[key.size()] != '.') continue;
    group = &each;
    length = key.size();
  }
  if (group == nullptr) return std::nullopt;
  std::string_view field = selector.substr(length + 1);
  if (field == "id") return group->id;
  if (field == "name") return group->name;
  if (take_prefix(field, "metadata.")) return in(group->metadata, field);
  return std::nullopt;
}

Found value_of(std::string_view selector, const IdentityContext& identity) {
  if (take_prefix(selector, "identity.entity.")) {
    if (selector == "id") return identity.entity_id;
    if (selector == "name") return identity.entity_name;
    if (take_prefix(selector, "metadata.")) return in(identity.metadata, selector);
    if (take_prefix(selector, "aliases.")) return of_alias(identity, selector);
  } else if (take_prefix(selector, "identity.groups.")) {
    if (take_prefix(selector, "ids.")) return of_group(identity, selector, true);
    if (take_prefix(selector, "names.")) return of_group(identity, selector, false);
  }
  return std::nullopt;
}

}  // namespace

bool check_templates(std::string_view path, bool& found) {
  found = false;
  while (true) {
    const std::size_t open = path.find("{{"), close = path.find("}}");
    if (open == std::string_view::npos) return close == std::string_view::npos;
    if (close == std::string_view::npos || close < open + 2) return false;
    if (path.substr(open + 2, close - open - 2).find("{{") != std::string_view::npos) return false;
    found = true;
    path.remove_prefix(close + 2);
  }
}

Rendered render(std::string_view path, const IdentityContext* identity) {
  Rendered result;
  if (identity == nullptr) return result;
  std::string out;
  for (std::size_t open = path.find("{{"); open != std::string_view::npos; open = path.find("{{")) {
    const std::size_t close = path.find("}}", open);
    const Found value = value_of(trimmed(path.substr(open + 2, close - open - 2)), *identity);
    if (!value) return {};
    result.unsafe = result.unsafe || value->empty() || value->find_first_of("/*+") != std::string_view::npos;
    out.append(path.substr(0, open)).append(*value);
    path.remove_prefix(close + 2);
  }
  out.append(path);
  if (!result.unsafe) result.path = std::move(out);
  return result;
}

std::string widen_templates(std::string_view path) {
  std::string out;
  while (true) {
    // A segment ends at the first '/' that is not within a template.
    std::size_t end = path.find('/');
    for (std::size_t open = path.find("{{"); open < end; open = path.find("{{", open)) {
      open = path.find("}}", open);
      end = path.find('/', open);
    }
    const std::string_view segment = path.substr(0, end);
    const bool last = end == std::string_view::npos;
    if (segment.find("{{") == std::string_view::npos) {
      out.append(segment);
    } else {
      out += last && segment.ends_with('*') ? "*" : "+";  // "+*" is no pattern; the '*' alone covers more
    }
    if (last) return out;
    out += '/';
    path.remove_prefix(end + 1);
  }
}

bool templated(std::span<const PolicyPtr> policies) {
  for (const PolicyPtr& policy : policies) {
    if (policy && policy->templated) return true;
  }
  return false;
}

}  // namespace coffer::policy
