#include "crypto/ed25519.h"

#include <openssl/evp.h>

#include "crypto/freed.h"
#include "crypto/must.h"

namespace coffer::crypto {
namespace {

using KeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using ContextHandle = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

const unsigned char* bytes(std::span<const std::byte> data) { return reinterpret_cast<const unsigned char*>(data.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct Ed25519Key::Handle {
  KeyHandle key;
};

Ed25519Key::Ed25519Key(std::span<const std::byte, seed_bytes> seed) : handle_(std::make_unique<Handle>()) {
  handle_->key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(std::span<const std::byte>(seed)), seed.size()));
  std::size_t size = public_key_.size();
  must(handle_->key && EVP_PKEY_get_raw_public_key(handle_->key.get(), reinterpret_cast<unsigned char*>(public_key_.data()), &size) == 1 &&
           size == public_key_.size(),
       "Ed25519: key");
}
Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key& Ed25519Key::operator=(Ed25519Key&&) noexcept = default;
Ed25519Key::~Ed25519Key() = default;

Ed25519Key Ed25519Key::generate(Random& random) {
  SecretBytes seed(seed_bytes);
  random.fill(seed.writable());
  return Ed25519Key(seed.reveal().first<seed_bytes>());
}

Ed25519Key::Signature Ed25519Key::sign(std::string_view message) const {
  const ContextHandle ctx(EVP_MD_CTX_new());
  Signature out{};
  std::size_t size = out.size();
  must(ctx && EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, handle_->key.get()) == 1 &&
           EVP_DigestSign(ctx.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes(message), message.size()) == 1,
       "Ed25519: sign");
  return out;
}

bool ed25519_verify(std::span<const std::byte> public_key, std::string_view message, std::span<const std::byte> signature) {
  if (public_key.size() != sizeof(Ed25519Key::PublicKey) || signature.size() != sizeof(Ed25519Key::Signature)) return false;
  const KeyHandle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key), public_key.size()));
  const ContextHandle ctx(EVP_MD_CTX_new());
  return key && ctx && EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(ctx.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
}

}  // namespace coffer::crypto
