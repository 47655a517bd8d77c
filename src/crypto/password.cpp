#include "crypto/password.h"

#include <sodium.h>

#include "crypto/must.h"
#include "crypto/sodium.h"

namespace coffer::crypto {
namespace {

constexpr unsigned long long passes = 2;
constexpr std::size_t memory_bytes = 19u << 20;

}  // namespace

void need_sodium() {
  static const bool ready = sodium_init() >= 0;
  must(ready, "libsodium: start");
}

Result<std::string> password_hash(std::string_view password) {
  need_sodium();
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), passes, memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Code::unavailable, "not enough memory to hash a password; try again later");
  }
  return std::string(out.data());
}

bool password_verify(std::string_view hash, std::string_view password) {
  need_sodium();
  std::array<char, crypto_pwhash_STRBYTES> text{};  // libsodium wants the terminating zero
  if (hash.size() >= text.size()) return false;
  std::memcpy(text.data(), hash.data(), hash.size());
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

std::string_view password_decoy() {
  // A hash like any other; whether a password fits it is of no interest to anyone.
  return "$argon2id$v=19$m=19456,t=2,p=1$4FhJJAXJuMW0kRy+7ZTu+g$9pfxhY9z1XMuaWzflpfTUB2MOLUph2YZcWP4mfOm9NU";
}

}  // namespace coffer::crypto
