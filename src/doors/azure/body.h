#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

// Bodies of Key Vault's operations. Azure converts no type to another: what is of the wrong one is refused here, in its words, before the core's own leniency
// (which is Vault's) sees it. Only members that the operation takes go on; so what the URL says is never the body's to say.
namespace coffer::doors::azure {

// The body ("" is an empty object) with `members` of the URL added, which have the form `"version":"..."`.
[[nodiscard]] Result<json::Document> read_body(std::string_view operation, std::string_view body, std::string_view members);

}  // namespace coffer::doors::azure
