#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

struct evp_cipher_ctx_st;  // OpenSSL's

namespace coffer::crypto {

struct FreeCipher {
  void operator()(evp_cipher_ctx_st* context) const;
};
using CipherContext = std::unique_ptr<evp_cipher_ctx_st, FreeCipher>;

// AES-256-GCM (NIST SP 800-38D) with one key whose schedule is kept: 0.2 us for 200 bytes instead of 0.7. Used by one thread at a time; keep
// one per thread (PerThread). The key leaves memory with the object.
class Aes256Gcm {
 public:
  static constexpr std::size_t key_bytes = 32;
  static constexpr std::size_t nonce_bytes = 12;
  static constexpr std::size_t tag_bytes = 16;
  using Nonce = std::span<const std::byte, nonce_bytes>;

  explicit Aes256Gcm(std::span<const std::byte, key_bytes> key);

  // Writes ciphertext ‖ tag; `out` has plain.size() + tag_bytes. A nonce may be used once per key.
  void seal(Nonce nonce, std::string_view aad, std::string_view plain, std::span<std::byte> out);
  // False when the tag does not fit: `out` (sealed.size() - tag_bytes) then holds zeros. Also false when `sealed` is shorter than a tag.
  [[nodiscard]] bool open(Nonce nonce, std::string_view aad, std::string_view sealed, std::span<std::byte> out);

 private:
  CipherContext context_;
};

// For keys that wrap other keys, where speed does not matter: nonce ‖ ciphertext ‖ tag, the nonce from `random`. `key` has 32 bytes.
[[nodiscard]] std::string seal_box(std::span<const std::byte> key, std::string_view aad, std::string_view plain, Random& random);
// Nothing but Code::corrupt tells a wrong key from a changed box.
[[nodiscard]] Result<SecretBytes> open_box(std::span<const std::byte> key, std::string_view aad, std::string_view box);

[[nodiscard]] SecretBytes random_secret(std::size_t size, Random& random);

}  // namespace coffer::crypto
