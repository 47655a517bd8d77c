#pragma once
#include <memory>

#include "backend/backend.h"

namespace coffer {

// Logins by name and password (vault-api: auth/userpass). Names count in any case as one. Passwords are kept as Argon2id; a bcrypt hash may be
// given in place of a password (password_hash), and is replaced at the first login.
[[nodiscard]] std::unique_ptr<Backend> make_userpass(const BackendServices& services);

}  // namespace coffer
