#include "engines/kv/aws/filters.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace coffer::kv::aws {
namespace {

constexpr std::string_view signs = "/-_+=.@";
constexpr std::array<std::string_view, 7> keys = {"description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"};

bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool lower(char c) { return c >= 'a' && c <= 'z'; }

void add(std::vector<std::string>& words, std::string_view word) {
  if (!word.empty()) words.push_back(ascii_lower(word));
}

void split_capitals(std::vector<std::string>& words, std::string_view text) {
  std::size_t from = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool starts = upper(text[i]) && (!upper(text[i - 1]) || (i + 1 < text.size() && lower(text[i + 1])));
    if (!starts) continue;
    add(words, text.substr(from, i - from));
    from = i;
  }
  add(words, text.substr(from));
}

void split_signs(std::vector<std::string>& words, std::string_view text) {
  const std::size_t at = text.find_first_of(signs);
  if (at == std::string_view::npos) return split_capitals(words, text);
  const char sign = text[at];
  for (const char c : text)
    if (c != sign && signs.contains(c)) return add(words, text);  // signs of two kinds: one word
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(sign, from), text.size());
    split_capitals(words, text.substr(from, end - from));
    from = end + 1;
  }
}

bool has_words(std::string_view pattern, std::string_view text) {
  const auto wanted = words_of(pattern), there = words_of(text);
  return !wanted.empty() && std::ranges::all_of(wanted, [&](const std::string& word) {
    return std::ranges::any_of(there, [&](const std::string& candidate) { return candidate.starts_with(word); });
  });
}

// The texts that a filter looks at, and how.
struct Field {
  std::vector<std::string_view> texts;
  bool by_words = false, whole = false;
};
Field field_of(const Secret& secret, std::string_view key) {
  Field out;
  const auto tags = [&](bool names, bool values) {
    secret.object().tags.each([&](std::string_view name, std::string_view value) {
      if (names) out.texts.push_back(name);
      if (values) out.texts.push_back(value);
    });
  };
  if (key == "name" || key == "all") out.texts.push_back(secret.place.name());
  if (key == "description" || key == "all") out.texts.push_back(secret.object().description);
  tags(key == "tag-key" || key == "all", key == "tag-value" || key == "all");
  if (key == "primary-region" && !secret.facet.primary_region.empty()) out.texts.push_back(secret.facet.primary_region);
  if (key == "owning-service" && !secret.facet.owning_service.empty()) out.texts.push_back(secret.facet.owning_service);
  out.by_words = key == "description" || key == "all";
  out.whole = key == "primary-region";
  return out;
}

bool fits(const Field& field, std::string_view pattern) {
  return std::ranges::any_of(field.texts, [&](std::string_view text) {
    if (field.by_words) return has_words(pattern, text);
    return field.whole ? text == pattern : text.starts_with(pattern);
  });
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    split_signs(words, text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

Result<void> check_filters(Constraints& c, const std::vector<Filter>& filters) {
  for (const Filter& filter : filters) {
    if (!filter.key) return refuse(Refusal::invalid_parameter, "Invalid filter key");
    if (!filter.values) return refuse(Refusal::invalid_parameter, "Invalid filter values for key: " + *filter.key);
  }
  c.count("filters", filters.size(), 0, 10);
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const std::string at = "filters." + std::to_string(i + 1) + ".member.";
    c.one_of(at + "key", *filters[i].key, keys);
    c.count(at + "values", filters[i].values->size(), 1, 10);
    for (std::size_t j = 0; j < filters[i].values->size(); ++j)
      c.length(at + "values." + std::to_string(j + 1) + ".member", (*filters[i].values)[j], 0, 512);
  }
  return {};
}

bool matches(const Secret& secret, const std::vector<Filter>& filters) {
  return std::ranges::all_of(filters, [&](const Filter& filter) {
    const Field field = field_of(secret, *filter.key);
    return std::ranges::any_of(*filter.values, [&](std::string_view value) {
      return value.starts_with('!') ? !fits(field, value.substr(1)) : fits(field, value);
    });
  });
}

}  // namespace coffer::kv::aws
