#pragma once
#include "core/request.h"
#include "doors/http.h"
#include "server/http/http.h"

namespace coffer::server {

// The core's view of an io thread: one per thread, alive as long as the process, since requests that end on other threads still hold it.
[[nodiscard]] core::Loop& bridge(http::Loop& loop);

// The record of a request that could not be read: as much of it as is certain. `below` is put before its path: "vault/".
[[nodiscard]] core::Request unreadable(const doors::HttpRequest& http, std::string_view below = {});

}  // namespace coffer::server
