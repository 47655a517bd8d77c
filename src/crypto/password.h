#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::crypto {

// Argon2id (RFC 9106) with 19 MiB, two passes and one lane, as a self-describing string: "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>".
// Takes about 20 ms and 19 MiB: not for an io thread, and never without a bound on how many run at once. Code::unavailable when
// there is no memory for it.
[[nodiscard]] Result<std::string> password_hash(std::string_view password);
// Whether `password` is the one that made `hash`; false for a text that is no such hash. Also takes other parameters than the above.
[[nodiscard]] bool password_verify(std::string_view hash, std::string_view password);
// What a log-in of an unknown user should verify against, so that it takes as long as that of a known one.
[[nodiscard]] std::string_view password_decoy();

}  // namespace coffer::crypto
