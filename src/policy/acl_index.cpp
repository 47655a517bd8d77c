#include "policy/acl_index.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace coffer::policy {

namespace {

std::string_view take_segment(std::string_view& text, bool& last) {
  const std::size_t slash = text.find('/');
  last = slash == std::string_view::npos;
  const std::string_view segment = text.substr(0, slash);
  text.remove_prefix(last ? text.size() : slash + 1);
  return segment;
}

// Vault's order among patterns that match one path, better first; the position of the first wildcard is compared by whoever calls.
bool better(const MergedRule* a, const MergedRule* b) {
  if (a->prefix != b->prefix) return b->prefix;
  if (a->plus != b->plus) return a->plus < b->plus;
  if (a->pattern.size() != b->pattern.size()) return a->pattern.size() > b->pattern.size();
  return a->pattern > b->pattern;
}

bool matches(const MergedRule& rule, std::string_view path) {
  return rule.segments ? segments_match(rule, path) : path.starts_with(rule.pattern);
}

bool grants_something(const MergedRule& rule) { return rule.capabilities != 0 && (rule.capabilities & deny) == 0; }

// Whether a pattern with '+' segments could match `prefix` or something below it.
bool could_match_below(const MergedRule& rule, std::string_view prefix) {
  std::string_view pattern = rule.pattern;
  bool pattern_last = false, prefix_last = false;
  while (!prefix.empty()) {
    const std::string_view want = take_segment(prefix, prefix_last);
    const std::string_view have = take_segment(pattern, pattern_last);
    if (pattern_last && rule.prefix) return prefix_last ? want.starts_with(have) || have.starts_with(want) : want.starts_with(have);
    const bool fits = have == "+" || have == want || (prefix_last && have.starts_with(want));
    if (!fits) return false;
    if (pattern_last) return prefix.empty() && prefix_last;
  }
  return true;
}

// How many bytes two texts begin with alike; eight at a time.
std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t x = 0, y = 0;
    std::memcpy(&x, a.data() + i, 8);
    std::memcpy(&y, b.data() + i, 8);
    if (x != y) break;
  }
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

}  // namespace

bool segments_match(const MergedRule& rule, std::string_view path) {
  std::string_view pattern = rule.pattern;
  while (true) {
    bool pattern_last = false, path_last = false;
    const std::string_view want = take_segment(pattern, pattern_last);
    const std::string_view have = take_segment(path, path_last);
    if (pattern_last && rule.prefix) return have.starts_with(want);
    if (want != "+" && want != have) return false;
    if (pattern_last || path_last) return pattern_last && path_last;
  }
}

std::span<const std::string_view> MergedRule::granted_by(Capabilities bit) const {
  const Slice& slice = granting[static_cast<std::size_t>(std::countr_zero(bit))];
  return std::span(names).subspan(slice.first, slice.size);
}

RuleIndex::RuleIndex(std::span<const MergedRule> rules) {
  exact_.reserve(rules.size());
  for (const MergedRule& rule : rules) {
    if (rule.prefix || rule.segments) {
      ordered_.push_back(&rule);
    } else {
      exact_.emplace(rule.pattern, &rule);
      exact_sorted_.push_back(&rule);
    }
  }
  const auto head_of = [](const MergedRule* rule) { return std::string_view(rule->pattern).substr(0, rule->head); };
  std::ranges::sort(exact_sorted_, {}, &MergedRule::pattern);
  std::ranges::sort(ordered_, [&](const MergedRule* a, const MergedRule* b) {
    return head_of(a) != head_of(b) ? head_of(a) < head_of(b) : better(a, b);
  });
  for (std::uint32_t i = 0; i < ordered_.size(); ++i) {
    const std::string_view text = head_of(ordered_[i]);
    if (heads_.empty() || heads_.back().text != text) {
      auto parent = static_cast<std::int32_t>(heads_.size()) - 1;
      while (parent >= 0 && !text.starts_with(heads_[static_cast<std::size_t>(parent)].text))
        parent = heads_[static_cast<std::size_t>(parent)].parent;
      heads_.push_back({text, parent, i, i});
    }
    heads_.back().end = i + 1;
  }
}

// The greatest head not above `path` in order begins with every head that is a prefix of `path`, so the longest of these is among its
// parents: the first that is no longer than what the two share.
std::int32_t RuleIndex::longest_head(std::string_view path) const {
  const auto after = std::ranges::upper_bound(heads_, path, {}, &Head::text);
  auto index = static_cast<std::int32_t>(after - heads_.begin()) - 1;
  if (index < 0) return -1;
  const std::string_view nearest = heads_[static_cast<std::size_t>(index)].text;
  const std::size_t shared = shared_prefix(nearest, path);
  while (index >= 0 && heads_[static_cast<std::size_t>(index)].text.size() > shared) index = heads_[static_cast<std::size_t>(index)].parent;
  return index;
}

// Longer heads first, and within a head in Vault's order: the first match is the best. A listing has a second name, the folder's without
// its slash. The rule that decides this name decides the listing when no other does, and when it denies and is the better pattern: so a
// deny rule holds with and without the slash (security.md E04).
const MergedRule* RuleIndex::best_pattern(std::string_view path, bool listing) const {
  const bool folder = listing && path.ends_with('/');
  const std::string_view bare = folder ? path.substr(0, path.size() - 1) : path;
  const MergedRule* of_bare = nullptr;
  for (std::int32_t index = longest_head(path); index >= 0;) {
    const Head& head = heads_[static_cast<std::size_t>(index)];
    for (std::uint32_t i = head.first; i < head.end; ++i) {
      const MergedRule& rule = *ordered_[i];
      if (matches(rule, path)) return of_bare != nullptr && (of_bare->capabilities & deny) != 0 ? of_bare : &rule;
      if (folder && of_bare == nullptr && matches(rule, bare)) of_bare = &rule;
    }
    index = head.parent;
  }
  return of_bare;
}

const MergedRule* RuleIndex::find(std::string_view path, bool listing) const {
  if (const auto found = exact_.find(path); found != exact_.end()) return found->second;
  if (listing && path.ends_with('/')) {
    if (const auto found = exact_.find(path.substr(0, path.size() - 1)); found != exact_.end()) return found->second;
  }
  return best_pattern(path, listing);
}

bool RuleIndex::reaches(std::string_view prefix) const {
  if (const MergedRule* rule = find(prefix, true); rule && grants_something(*rule)) return true;
  const auto from =
      std::ranges::lower_bound(exact_sorted_, prefix, {}, [](const MergedRule* rule) { return std::string_view(rule->pattern); });
  for (auto i = from; i != exact_sorted_.end() && (*i)->pattern.starts_with(prefix); ++i) {
    if (grants_something(**i)) return true;
  }
  return std::ranges::any_of(ordered_, [&](const MergedRule* rule) {
    if (!grants_something(*rule)) return false;
    return rule->segments ? could_match_below(*rule, prefix) : rule->pattern.starts_with(prefix);
  });
}

}  // namespace coffer::policy
