#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/random.h"
#include "base/secret.h"

namespace coffer::crypto {

// Ed25519 signatures (RFC 8032, pure). Safe from any threads at once.
class Ed25519Key {
 public:
  static constexpr std::size_t seed_bytes = 32;
  using PublicKey = std::array<std::byte, 32>;
  using Signature = std::array<std::byte, 64>;

  explicit Ed25519Key(std::span<const std::byte, seed_bytes> seed);
  static Ed25519Key generate(Random& random = system_random());
  Ed25519Key(Ed25519Key&&) noexcept;
  Ed25519Key& operator=(Ed25519Key&&) noexcept;
  ~Ed25519Key();
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  [[nodiscard]] Signature sign(std::string_view message) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  PublicKey public_key_{};
};

// False for a signature or a key of the wrong length, too.
[[nodiscard]] bool ed25519_verify(std::span<const std::byte> public_key, std::string_view message, std::span<const std::byte> signature);

}  // namespace coffer::crypto
