#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "policy/rule.h"
#include "policy/suggest.h"

namespace coffer::policy {

namespace {

constexpr std::string_view failed = "failed to parse policy: ";

// What may stand in a rule. The last three would take away from what a rule grants; where that is not built they are refused, since a rule
// without them would grant more than its author meant.
constexpr std::string_view rule_keys[] = {"comment",
                                          "policy",
                                          "capabilities",
                                          "allowed_parameters",
                                          "denied_parameters",
                                          "required_parameters",
                                          "min_wrapping_ttl",
                                          "max_wrapping_ttl",
                                          "pagination_limit",
                                          "expiration",
                                          "subscribe_event_types",
                                          "control_group",
                                          "mfa_methods",
                                          "list_scan_response_keys_filter_path"};
constexpr std::string_view refused_keys[] = {"control_group", "mfa_methods", "list_scan_response_keys_filter_path"};
constexpr std::string_view top_keys[] = {"name", "path"};

std::string place(const hcl::Position& at) { return fmt::format("line {}, column {}", at.line, at.column); }

// Vault's sentence, then what helps to mend it.
std::string invalid_key(const hcl::Key& key, std::span<const std::string_view> known) {
  std::string text = fmt::format("invalid key \"{}\" on line {}, column {}", key.text, key.at.line, key.at.column);
  if (const std::string_view near = closest(key.text, known); !near.empty()) return text + fmt::format(" (did you mean \"{}\"?)", near);
  return text + fmt::format(" (allowed: {})", fmt::join(known, ", "));
}

class RuleReader {
 public:
  RuleReader(std::string_view path, const hcl::Block& block) : path_(path), block_(block) {}

  Result<PathRule> read() {
    rule_.path = path_.starts_with('/') ? path_.substr(1) : path_;
    if (!check_templates(rule_.path, rule_.templated))
      return invalid("failed to validate policy templating: unbalanced templating characters");
    if (rule_.path.find("+*") != std::string::npos) return wrong("invalid use of wildcards ('+*' is forbidden)");
    for (const hcl::Entry& entry : block_.body->entries) CHECK_OK(read(entry));
    Restrictions& r = rule_.restrictions;
    if (r.min_wrapping != Duration{} && r.max_wrapping != Duration{} && r.max_wrapping < r.min_wrapping)
      return invalid("max_wrapping_ttl cannot be less than min_wrapping_ttl");
    // `deny` stands alone: nothing that is granted beside it counts.
    if ((rule_.capabilities & deny) != 0) {
      rule_.capabilities = deny;
      r = {};
    }
    return std::move(rule_);
  }

 private:
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view what) const { return invalid(fmt::format("path \"{}\": {}", path_, what)); }
  [[nodiscard]] std::unexpected<Error> wrong(const hcl::Position& at, std::string_view what) const {
    return invalid(fmt::format("path \"{}\": {} ({})", path_, what, place(at)));
  }

  Result<void> read(const hcl::Entry& entry) {
    const std::string_view key = entry.name();
    const hcl::Value& value = entry.value;
    if (std::ranges::find(seen_, key) != seen_.end()) return wrong(entry.keys.front().at, fmt::format("\"{}\" is set twice", key));
    seen_.push_back(key);
    if (std::ranges::find(refused_keys, key) != std::end(refused_keys))
      return wrong(entry.keys.front().at,
                   fmt::format("\"{}\" is not supported, and the rule would grant more without it; remove it if that is meant", key));
    if (entry.keys.size() > 1) return wrong(entry.keys[1].at, fmt::format("\"{}\" takes no label", key));
    if (value.is(hcl::Kind::null)) return {};
    if (key == "policy") return read_legacy_word(value);
    if (key == "capabilities") return read_capabilities(value);
    if (key == "allowed_parameters") return read_parameters(value, rule_.restrictions.allowed);
    if (key == "denied_parameters") return read_parameters(value, rule_.restrictions.denied);
    if (key == "required_parameters") return read_required(value);
    if (key == "min_wrapping_ttl") return read_ttl(key, value, rule_.restrictions.min_wrapping);
    if (key == "max_wrapping_ttl") return read_ttl(key, value, rule_.restrictions.max_wrapping);
    if (key == "pagination_limit") return read_limit(value);
    if (key == "expiration") return read_expiration(value);
    return {};  // comment, subscribe_event_types
  }

  // A list of strings; one string alone counts as a list of one.
  Result<std::vector<const hcl::Value*>> strings(std::string_view key, const hcl::Value& value) {
    std::vector<const hcl::Value*> out;
    const auto take = [&](const hcl::Value& item) -> Result<void> {
      if (!item.is(hcl::Kind::string))
        return wrong(item.at, fmt::format("{} expected a list of strings, got: {}", key, hcl::kind_name(item.kind)));
      out.push_back(&item);
      return {};
    };
    if (value.is(hcl::Kind::list)) {
      for (const hcl::Entry& element : value.entries) CHECK_OK(take(element.value));
    } else {
      CHECK_OK(take(value));
    }
    return out;
  }

  Result<void> read_capabilities(const hcl::Value& value) {
    for (const hcl::Value* word : TRY(strings("capabilities", value))) {
      const auto* known = std::ranges::find(capability_words, std::string_view(word->text), &CapabilityWord::word);
      if (known == std::end(capability_words)) return wrong(word->at, unknown_capability(word->text));
      rule_.capabilities |= known->bit;
    }
    return {};
  }
  static std::string unknown_capability(std::string_view word) {
    std::vector<std::string_view> words;
    for (const CapabilityWord& each : capability_words) words.push_back(each.word);
    const std::string_view near = closest(word, words);
    const std::string mend = near.empty() ? fmt::format("allowed: {}", fmt::join(words, ", ")) : fmt::format("did you mean \"{}\"?", near);
    return fmt::format("invalid capability \"{}\"; {}", word, mend);
  }

  // The words from before capabilities existed.
  Result<void> read_legacy_word(const hcl::Value& value) {
    constexpr Capabilities reading = policy::read | list, writing = reading | create | update | del;
    if (!value.is(hcl::Kind::string)) return wrong(value.at, fmt::format("policy expected a string, got: {}", hcl::kind_name(value.kind)));
    if (value.text == "deny") {
      rule_.capabilities |= deny;
    } else if (value.text == "read") {
      rule_.capabilities |= reading;
    } else if (value.text == "write") {
      rule_.capabilities |= writing;
    } else if (value.text == "sudo") {
      rule_.capabilities |= writing | sudo;
    } else if (!value.text.empty()) {
      return wrong(value.at, fmt::format("invalid policy \"{}\"; allowed: deny, read, write, sudo", value.text));
    }
    return {};
  }

  Result<void> read_parameters(const hcl::Value& value, ParameterRules& into) {
    if (!value.is(hcl::Kind::object))
      return wrong(value.at, fmt::format("parameters expected an object, got: {}", hcl::kind_name(value.kind)));
    for (const hcl::Entry& entry : value.entries) {
      std::string name = ascii_lower(entry.name());
      if (std::ranges::find(into, name, &ParameterRules::value_type::first) != into.end())
        return wrong(entry.keys.front().at, fmt::format("parameter \"{}\" is named twice", entry.name()));
      std::vector<hcl::Value> values;
      if (entry.value.is(hcl::Kind::list)) {
        for (const hcl::Entry& element : entry.value.entries) values.push_back(element.value);
      } else if (!entry.value.is(hcl::Kind::null)) {
        values.push_back(entry.value);
      }
      into.emplace_back(std::move(name), std::move(values));
    }
    return {};
  }

  Result<void> read_required(const hcl::Value& value) {
    for (const hcl::Value* name : TRY(strings("required_parameters", value))) rule_.restrictions.required.push_back(name->text);
    return {};
  }

  Result<void> read_ttl(std::string_view key, const hcl::Value& value, Duration& into) {
    if (!value.is(hcl::Kind::string) && !value.is(hcl::Kind::number))
      return wrong(value.at, fmt::format("{} expected a duration such as \"5m\", got: {}", key, hcl::kind_name(value.kind)));
    auto duration = parse_duration(value.text);
    if (!duration) return invalid(fmt::format("error parsing {}: {}", key, duration.error().message));
    if (*duration < Duration{}) return wrong(value.at, fmt::format("{} cannot be negative", key));
    into = *duration;
    return {};
  }

  Result<void> read_limit(const hcl::Value& value) {
    constexpr std::int64_t most = 1'000'000'000;
    std::int64_t limit = -1;
    if (value.is(hcl::Kind::number) && value.text.find_first_not_of("0123456789") == std::string::npos && value.text.size() <= 10)
      limit = std::stoll(value.text);
    if (limit < 0 || limit > most) return wrong(value.at, "pagination_limit expected a whole number");
    rule_.restrictions.pagination_limit = limit;
    return {};
  }

  Result<void> read_expiration(const hcl::Value& value) {
    if (value.is(hcl::Kind::string) && value.text.empty()) return {};
    auto time = value.is(hcl::Kind::string) ? parse_rfc3339(value.text) : invalid("");
    if (!time) return wrong(value.at, "invalid expiration time: expected RFC 3339, such as \"2030-12-31T00:00:00Z\"");
    rule_.expires = *time;
    return {};
  }

  std::string path_;
  const hcl::Block& block_;
  PathRule rule_;
  std::vector<std::string_view> seen_;
};

void collect_invalid_keys(const hcl::Value& object, std::span<const std::string_view> known, std::string_view prefix,
                          std::vector<std::string>& errors) {
  for (const hcl::Entry& entry : object.entries) {
    if (std::ranges::find(known, entry.name()) == known.end())
      errors.push_back(std::string(prefix) + invalid_key(entry.keys.front(), known));
  }
}

Result<PolicyPtr> build(std::string_view name, const hcl::Document& document) {
  std::vector<std::string> errors;
  collect_invalid_keys(document.root, top_keys, "", errors);
  auto blocks = hcl::blocks(document.root, "path", 1);
  if (!blocks)
    return invalid(
        fmt::format("At {}:{}: {}; {}", blocks.error().line, blocks.error().column, blocks.error().message, blocks.error().hint));
  for (const hcl::Block& block : *blocks)
    collect_invalid_keys(*block.body, rule_keys, fmt::format("path \"{}\": ", block.labels.front()->text), errors);
  if (!errors.empty()) return invalid(listed_errors(errors));

  auto policy = std::make_shared<Policy>();
  policy->name = name;
  for (const hcl::Block& block : *blocks) {
    policy->rules.push_back(TRY(RuleReader(block.labels.front()->text, block).read()));
    policy->templated = policy->templated || policy->rules.back().templated;
  }
  return policy;
}

Result<hcl::Document> parse_text(std::string_view text) {
  auto document = hcl::parse(text);
  if (!document)
    return invalid(fmt::format("{}At {}:{}: {}", failed, document.error().line, document.error().column, document.error().message));
  return std::move(*document);
}

// JSON's nesting, path = { "a" = { } }, as blocks.
hcl::Value as_blocks(const hcl::Value& root) {
  hcl::Value out;
  out.kind = hcl::Kind::object;
  for (const hcl::Entry& entry : root.entries) {
    auto blocks = entry.name() == "path" ? hcl::blocks(entry, 1) : std::vector<hcl::Block>{};
    if (entry.name() != "path") out.entries.push_back(entry);
    for (const hcl::Block& block : *blocks) {
      hcl::Entry made;
      made.keys = {{"path", {}, false}, {block.labels.front()->text, {}, true}};
      made.value = *block.body;
      out.entries.push_back(std::move(made));
    }
  }
  return out;
}

}  // namespace

std::string listed_errors(const std::vector<std::string>& errors) {
  std::string out = fmt::format("{} error{} occurred:\n", errors.size(), errors.size() == 1 ? "" : "s");
  for (const std::string& error : errors) out += "\t* " + error + "\n";
  return out + "\n";
}

Result<PolicyPtr> parse(std::string_view name, std::string_view text) {
  const hcl::Document document = TRY(parse_text(text));
  auto policy = build(name, document);
  if (!policy) return invalid(std::string(failed) + policy.error().message);
  return policy;
}

Result<std::string> format(std::string_view text) {
  const hcl::Document document = TRY(parse_text(text));
  if (auto policy = build("", document); !policy) return invalid(std::string(failed) + policy.error().message);
  return hcl::print(document.json ? as_blocks(document.root) : document.root);
}

std::vector<std::string> capability_names(Capabilities set) {
  std::vector<std::string> names;
  if ((set & deny) == 0) {
    for (const auto& [word, bit] : capability_words) {
      if ((set & bit) != 0) names.emplace_back(word);
    }
  }
  if (names.empty()) names.emplace_back("deny");
  std::ranges::sort(names);
  return names;
}

}  // namespace coffer::policy
