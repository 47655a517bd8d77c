#pragma once
#include <string>

#include "core/exchange.h"

namespace coffer::core {

// OpenAPI 3.0.2 of an endpoint, from its declaration: members of `paths`, with `prefix` before the pattern.
void append_openapi_endpoint(json::Writer& w, const schema::Endpoint& endpoint, std::string_view prefix);
// The same of all endpoints of a table.
void append_openapi_paths(json::Writer& w, const schema::Table& table, std::string_view prefix);
// A whole document around the paths that `fill` writes.
void append_openapi_document(json::Writer& w, std::string_view version, const std::function<void(json::Writer&)>& fill);
// Help of a mount, and of one endpoint, as a person reads it.
[[nodiscard]] std::string mount_help(const Mount& mount);
[[nodiscard]] std::string endpoint_help(const schema::Endpoint& endpoint);

}  // namespace coffer::core
