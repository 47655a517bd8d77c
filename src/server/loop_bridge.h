#pragma once
#include "core/request.h"
#include "server/http/http.h"

namespace coffer::server {

// The core's view of an io thread: one per thread, alive as long as the process, since requests that end on other threads still hold it.
[[nodiscard]] core::Loop& bridge(http::Loop& loop);

}  // namespace coffer::server
