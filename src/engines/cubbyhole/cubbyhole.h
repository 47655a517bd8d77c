#pragma once
#include <memory>

#include "backend/backend.h"

namespace coffer {

// A store of its own for each token, which no other token can read; it ends with the token (vault-api: secret/cubbyhole). Keys of the mount:
// `<Caller::token_id>/<path>`, with the body as it came; whoever ends a token erases all below `<token_id>/`. What response wrapping
// keeps lies elsewhere.
[[nodiscard]] std::unique_ptr<Backend> make_cubbyhole(const BackendServices& services);

}  // namespace coffer
