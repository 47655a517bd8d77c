#pragma once
#include <string>

#include "core/exchange.h"

namespace coffer::core {

// OpenAPI 3.0.2 of a table of endpoints, from their declarations: the members of `paths`, each path with `prefix` before it.
void append_openapi_paths(json::Writer& w, const schema::Table& table, std::string_view prefix);
// A whole document around the paths that `fill` writes.
void append_openapi_document(json::Writer& w, std::string_view version, const std::function<void(json::Writer&)>& fill);
// Help of one endpoint as a person reads it.
[[nodiscard]] std::string endpoint_help(const schema::Endpoint& endpoint);

}  // namespace coffer::core
