#pragma once
#include "policy/acl_index.h"

namespace coffer::policy {

// The rules whose path is spelled most like `path`, nearest first, at most `limit`; those with nothing in common are left out.
[[nodiscard]] std::vector<NearRule> nearest(std::span<const MergedRule> rules, std::string_view path, std::size_t limit);

}  // namespace coffer::policy
