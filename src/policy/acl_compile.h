#pragma once
#include "policy/acl_index.h"

namespace coffer::policy {

// The rules of a set of policies for one identity, merged by path pattern, and the next time when one of them expires.
struct Compiled {
  std::vector<MergedRule> rules;
  std::optional<Time> changes_at;
};
[[nodiscard]] Compiled merge_rules(std::span<const PolicyPtr> policies, const IdentityContext* identity, std::optional<Time> now);

}  // namespace coffer::policy
