#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engines/kv/aws/requests.h"
#include "engines/kv/aws/secret.h"

namespace coffer::kv::aws {

void check_tags(Constraints& constraints, const std::vector<Tag>& tags);
// The packed form of the tags `before` (packed) with others set; the order in which they first came stays.
[[nodiscard]] Result<std::string> tags_with(std::string_view before, const std::vector<Tag>& tags);

}  // namespace coffer::kv::aws
