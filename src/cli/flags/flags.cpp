#include "cli/flags/flags.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/suggest.h"

namespace coffer::cli {
namespace {

bool parse_integer(std::string_view text, std::int64_t& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Result<Duration> parse_flag_duration(std::string_view text) {
  if (text.starts_with('-')) {
    const Duration positive = TRY(parse_duration(text.substr(1)));
    return -positive;
  }
  return parse_duration(text);
}

// Fills a Flags; a friend of it, so that nothing else can.
struct FlagParser {
  const std::vector<FlagSpec>& specs;
  Flags& flags;

  [[nodiscard]] const FlagSpec* find(std::string_view name) const {
    for (const FlagSpec& spec : specs)
      if (spec.name == name || (!spec.alias.empty() && spec.alias == name)) return &spec;
    return nullptr;
  }

  [[nodiscard]] Expected<void> check(const FlagSpec& spec, const std::string& value) const {
    bool boolean = false;
    std::int64_t integer = 0;
    switch (spec.kind) {
      case FlagKind::boolean:
        if (!parse_boolean(value, boolean)) return wrong(spec, value, "give true or false");
        break;
      case FlagKind::integer:
        if (!parse_integer(value, integer)) return wrong(spec, value, "give a whole number");
        break;
      case FlagKind::duration:
        if (const Result<Duration> parsed = parse_flag_duration(value); !parsed) return wrong(spec, value, "give a duration such as 90s, 5m or 1h30m");
        break;
      case FlagKind::map:
        if (value.find('=') == std::string::npos) return wrong(spec, value, "give key=value");
        break;
      case FlagKind::text:
      case FlagKind::list:
        break;
    }
    return {};
  }

  static std::unexpected<Failure> wrong(const FlagSpec& spec, const std::string& value, std::string_view next) {
    return usage_error(fmt::format("invalid value \"{}\" for flag -{}: {}", value, spec.name, next));
  }

  [[nodiscard]] Expected<void> take(const FlagSpec& spec, std::string value) {
    CHECK_OK(check(spec, value));
    std::vector<std::string>& values = flags.values_[std::string(spec.name)];
    if (spec.kind != FlagKind::list && spec.kind != FlagKind::map) values.clear();
    values.push_back(std::move(value));
    return {};
  }

  [[nodiscard]] Expected<void> take_default(const FlagSpec& spec, const Environment& environment) {
    std::string value;
    if (!spec.variable.empty()) value = environment.setting(spec.variable);
    if (!value.empty()) {
      if (const Expected<void> fits = check(spec, value); !fits)
        return usage_error(fmt::format("invalid value in environment variable {}: {}", environment.setting_source(spec.variable), fits.error().text));
    } else {
      value = std::string(spec.fallback);
    }
    if (!value.empty()) flags.defaults_[std::string(spec.name)] = std::move(value);
    return {};
  }

  [[nodiscard]] std::unexpected<Failure> unknown(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const FlagSpec& spec : specs)
      if (!spec.hidden) names.push_back(spec.name);
    const std::string_view near = closest(name, names);
    return usage_error(fmt::format("flag provided but not defined: -{}", name), near.empty() ? "" : fmt::format("did you mean -{}?", near));
  }
};

bool Flags::given(std::string_view name) const { return values_.find(name) != values_.end(); }

std::string Flags::text(std::string_view name) const {
  if (const auto found = values_.find(name); found != values_.end()) return found->second.back();
  const auto found = defaults_.find(name);
  return found == defaults_.end() ? std::string() : found->second;
}

bool Flags::boolean(std::string_view name) const {
  bool value = false;
  return parse_boolean(text(name), value) && value;
}

std::int64_t Flags::integer(std::string_view name, std::int64_t fallback) const {
  std::int64_t value = fallback;
  return parse_integer(text(name), value) ? value : fallback;
}

Duration Flags::duration(std::string_view name, Duration fallback) const {
  const std::string value = text(name);
  if (value.empty()) return fallback;
  return parse_flag_duration(value).value_or(fallback);
}

std::vector<std::string> Flags::list(std::string_view name) const {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  const auto found = defaults_.find(name);
  return found == defaults_.end() ? std::vector<std::string>() : std::vector<std::string>{found->second};
}

std::vector<std::pair<std::string, std::string>> Flags::map(std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& item : list(name)) {
    const std::size_t equals = item.find('=');
    if (equals != std::string::npos) out.emplace_back(item.substr(0, equals), item.substr(equals + 1));
  }
  return out;
}

Expected<ParsedArguments> parse_flags(const CommandSpec& command, std::span<const std::string> words, const Environment& environment) {
  ParsedArguments out;
  const std::vector<FlagSpec> specs = all_flags(command);
  FlagParser parser{specs, out.flags};
  for (const FlagSpec& spec : specs) CHECK_OK(parser.take_default(spec, environment));
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      out.separator = out.arguments.size();
      out.arguments.insert(out.arguments.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      out.arguments.push_back(word);
      continue;
    }
    std::string_view name = std::string_view(word).substr(word[1] == '-' ? 2 : 1);
    const std::size_t equals = name.find('=');
    const bool has_value = equals != std::string_view::npos;
    std::string value = has_value ? std::string(name.substr(equals + 1)) : std::string();
    name = name.substr(0, equals);
    const FlagSpec* spec = parser.find(name);
    if (spec == nullptr) return parser.unknown(name);
    if (!has_value && spec->kind == FlagKind::boolean) {
      value = "true";
    } else if (!has_value) {
      if (i + 1 == words.size()) return usage_error(fmt::format("flag needs an argument: -{}", name));
      value = words[++i];
    }
    CHECK_OK(parser.take(*spec, std::move(value)));
  }
  return out;
}

}  // namespace coffer::cli
