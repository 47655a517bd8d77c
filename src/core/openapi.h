#pragma once
#include <string>

#include "core/exchange.h"

namespace coffer::core {

// A pattern as people read it: {x...} and {x+} are {x}.
[[nodiscard]] std::string plain_pattern(std::string_view pattern);
// OpenAPI 3.0.2 of an endpoint, from its declaration: members of `paths`, with `prefix` before the pattern.
void append_openapi_endpoint(json::Writer& w, const schema::Endpoint& endpoint, std::string_view prefix);
// The same of all endpoints of a table.
void append_openapi_paths(json::Writer& w, const schema::Table& table, std::string_view prefix);
// A whole document around the paths that `fill` writes.
void append_openapi_document(json::Writer& w, std::string_view version, const std::function<void(json::Writer&)>& fill);

}  // namespace coffer::core
