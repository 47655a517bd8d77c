#pragma once
#include "policy/hcl.h"

namespace coffer::policy::hcl {

// Reads JSON into the tree that HCL has: members are entries with '='.
[[nodiscard]] std::expected<void, Problem> parse_json(std::string_view text, std::string_view file, const Limits& limits, Value& root);

}  // namespace coffer::policy::hcl
