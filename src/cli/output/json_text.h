#pragma once
#include <string>

#include "base/json.h"

namespace coffer::cli {

// A value as Go's encoding/json writes it: two spaces per level; <, > and & escaped in texts; number texts as they came. `sorted` orders
// the members of every object by name, as Go does for maps; else they stay as they are.
[[nodiscard]] std::string indented_json(json::Value value, bool sorted);
// The same on one line.
[[nodiscard]] std::string compact_json(json::Value value, bool sorted);

}  // namespace coffer::cli
