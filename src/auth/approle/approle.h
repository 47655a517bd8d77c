#pragma once
#include <memory>

#include "backend/backend.h"

namespace coffer {

// Logins of machines by a role id and a secret id (vault-api: auth/approle). Secret ids are kept as keyed hashes only; they expire to the
// nanosecond when they are used, not when they are tidied.
[[nodiscard]] std::unique_ptr<Backend> make_approle(const BackendServices& services);

}  // namespace coffer
