#pragma once
#include "policy/acl_index.h"

namespace coffer::policy {

// The rules of a set of policies for one identity, merged by path pattern, and the next time when one of them expires.
struct Compiled {
  std::vector<MergedRule> rules;
  std::optional<Time> changes_at;
};
// `folds_after` as in Query: what stands behind so many segments of a pattern is taken in lower case, so that rules meet which differ in case only.
[[nodiscard]] Compiled merge_rules(std::span<const PolicyPtr> policies, const IdentityContext* identity, std::optional<Time> now,
                                   std::size_t folds_after = 0);

}  // namespace coffer::policy
