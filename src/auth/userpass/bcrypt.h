#pragma once
#include <string_view>

namespace coffer::userpass {

// bcrypt hashes ("$2b$10$..."), which other servers keep. The work of a hash grows with 2^cost, so costs over 14 (about a second) are none.
[[nodiscard]] bool is_bcrypt(std::string_view hash);
// Whether `password` made `hash`. Takes tens of milliseconds: not for an io thread.
[[nodiscard]] bool bcrypt_verify(std::string_view hash, std::string_view password);

}  // namespace coffer::userpass
