#pragma once
#include <span>

#include "backend/backend.h"

namespace coffer::server {

// Every secrets engine and auth method that this server has.
[[nodiscard]] std::span<const BackendType> builtins();

}  // namespace coffer::server
