#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace coffer::cli {

// A value as YAML with sorted keys, as Vault's -format=yaml has it; texts that another type could be read from are quoted. Ends in a
// newline, which may be part of the last text.
[[nodiscard]] std::string yaml_text(json::Value value);
// The first document of a YAML text as JSON. Aliases, tags other than the core schema's, and keys that are no scalars are refused; so is
// anything nested deeper than 64.
[[nodiscard]] Result<std::string> yaml_to_json(std::string_view text);

}  // namespace coffer::cli
