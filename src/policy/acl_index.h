#pragma once
#include "policy/rule.h"

// The compiled form of a set of policies (internal to this layer).
namespace coffer::policy {

// All that the policies of a set say about one path pattern, merged: capabilities add up, `deny` wins, the shorter wrapping TTLs win, an
// empty list of parameter values overrides a longer one (vault-api.md §1.5).
struct MergedRule {
  std::string pattern;    // exact path, or the text before a final '*', or the whole pattern when it has '+' segments
  bool prefix = false;    // ended in '*'
  bool segments = false;  // has '+' segments
  std::size_t head = 0;   // bytes before the first '+' or the final '*'
  std::size_t plus = 0;   // number of '+' segments
  Capabilities capabilities = 0;
  std::unique_ptr<Restrictions> restrictions;  // null: none
  // Which policies grant what: names[first[i] .. first[i] + size[i]] for bit i.
  struct Slice {
    std::uint32_t first = 0, size = 0;
  };
  std::array<Slice, capability_count> granting{};
  std::vector<std::string_view> names;  // views into the policies
  std::string_view decisive;            // the policy to name when it is not about granting: the one that denied, or the first
  std::string shown;                    // as a person wrote it
  [[nodiscard]] std::span<const std::string_view> granted_by(Capabilities bit) const;
};

// Finds the rule that decides a path: exact match, else the best pattern. Immutable.
class RuleIndex {
 public:
  // `rules` must not move afterwards.
  explicit RuleIndex(std::span<const MergedRule> rules);
  RuleIndex(const RuleIndex&) = delete;
  RuleIndex& operator=(const RuleIndex&) = delete;

  // `listing`: the path names a folder, so that a rule without the final '/' is about it too.
  [[nodiscard]] const MergedRule* find(std::string_view path, bool listing) const;
  [[nodiscard]] bool reaches(std::string_view prefix) const;

 private:
  // Patterns that share the text before their first wildcard; sorted by that text. `parent` is the longest other head that is a prefix.
  struct Head {
    std::string_view text;
    std::int32_t parent = -1;
    std::uint32_t first = 0, end = 0;  // into ordered_, best first
  };
  [[nodiscard]] std::int32_t longest_head(std::string_view path) const;
  [[nodiscard]] const MergedRule* best_pattern(std::string_view path, bool listing) const;

  std::unordered_map<std::string_view, const MergedRule*> exact_;
  std::vector<const MergedRule*> exact_sorted_;
  std::vector<Head> heads_;
  std::vector<const MergedRule*> ordered_;
};

// True when a pattern with '+' segments matches the whole path.
[[nodiscard]] bool segments_match(const MergedRule& rule, std::string_view path);

}  // namespace coffer::policy
