// The block functions are called directly: their state is a plain value that can be copied and kept, which makes a keyed HMAC twice as fast
// as the EVP interface can (0.2 against 0.5 us for 100 bytes). They are the same code, chosen by CPU, as behind EVP.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/secret.h"
#include "crypto/must.h"

namespace coffer::crypto {
namespace {

static_assert(sizeof(SHA256_CTX) == 112 && alignof(SHA256_CTX) <= 8);

template <class State>
SHA256_CTX* ctx(State& state) {
  return reinterpret_cast<SHA256_CTX*>(state.bytes.data());
}
unsigned char* bytes(Digest256& digest) { return reinterpret_cast<unsigned char*>(digest.data()); }

struct Named {
  std::string_view vault;
  const char* openssl;
};
constexpr std::array<Named, 8> names{{{"sha2-224", "SHA2-224"},
                                      {"sha2-256", "SHA2-256"},
                                      {"sha2-384", "SHA2-384"},
                                      {"sha2-512", "SHA2-512"},
                                      {"sha3-224", "SHA3-224"},
                                      {"sha3-256", "SHA3-256"},
                                      {"sha3-384", "SHA3-384"},
                                      {"sha3-512", "SHA3-512"}}};

}  // namespace

Sha256::Sha256() { must(SHA256_Init(ctx(state_)) == 1, "SHA-256"); }

Sha256& Sha256::update(std::string_view data) {
  must(SHA256_Update(ctx(state_), data.data(), data.size()) == 1, "SHA-256");
  return *this;
}

Digest256 Sha256::finish() {
  Digest256 out;
  must(SHA256_Final(bytes(out), ctx(state_)) == 1, "SHA-256");
  return out;
}

Digest256 sha256(std::string_view data) { return Sha256().update(data).finish(); }

Digest256 sha256(std::initializer_list<std::string_view> parts) {
  Sha256 hash;
  for (const auto part : parts) hash.update(part);
  return hash.finish();
}

HmacSha256::HmacSha256(std::span<const std::byte> key) {
  std::array<std::byte, SHA256_CBLOCK> block{};
  if (key.size() > block.size()) {
    const Digest256 hashed = sha256({reinterpret_cast<const char*>(key.data()), key.size()});
    std::memcpy(block.data(), hashed.data(), hashed.size());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  const auto keyed = [&block](std::byte pad) {
    for (auto& b : block) b ^= pad;
    Sha256 hash;
    hash.update({reinterpret_cast<const char*>(block.data()), block.size()});
    for (auto& b : block) b ^= pad;
    return hash.state_;
  };
  inner_ = keyed(std::byte{0x36});
  outer_ = keyed(std::byte{0x5c});
  wipe(block.data(), block.size());
}

HmacSha256::~HmacSha256() {
  wipe(&inner_, sizeof(inner_));
  wipe(&outer_, sizeof(outer_));
}

Digest256 HmacSha256::mac(std::string_view data) const {
  Sha256 inner(inner_);
  const Digest256 first = inner.update(data).finish();
  Sha256 outer(outer_);
  return outer.update(as_text(first)).finish();
}

Digest256 HmacSha256::mac(std::initializer_list<std::string_view> parts) const {
  Sha256 inner(inner_);
  for (const auto part : parts) inner.update(part);
  const Digest256 first = inner.finish();
  Sha256 outer(outer_);
  return outer.update(as_text(first)).finish();
}

std::optional<Hash> hash_from_name(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].vault == name) return static_cast<Hash>(i);
  }
  return std::nullopt;
}

std::string digest(Hash hash, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  std::size_t size = 0;
  must(EVP_Q_digest(nullptr, names[static_cast<std::size_t>(hash)].openssl, nullptr, data.data(), data.size(), out.data(), &size) == 1, "digest");
  return {reinterpret_cast<const char*>(out.data()), size};
}

}  // namespace coffer::crypto
