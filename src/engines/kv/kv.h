#pragma once
#include <memory>

#include "backend/backend.h"

namespace coffer {

// Key-value secrets, version 1: one value per path, the body as it came.
[[nodiscard]] std::unique_ptr<Backend> make_kv1(const BackendServices& services);
// Version 2: versions, check-and-set, metadata, soft deletion. A mount changes from 1 to 2 by its option `version`, never back.
[[nodiscard]] std::unique_ptr<Backend> make_kv2(const BackendServices& services);

}  // namespace coffer
