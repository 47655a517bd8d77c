#include "crypto/file_cipher.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "crypto/aead.h"
#include "crypto/guarded_key.h"
#include "crypto/hash.h"
#include "crypto/must.h"
#include "crypto/per_thread.h"

namespace coffer::crypto {
namespace {

constexpr std::size_t block_bytes = 16;
constexpr std::size_t largest_step = 1u << 30;  // OpenSSL counts in int

// The IV plus a number of blocks, as one big-endian number of 128 bits.
std::array<unsigned char, block_bytes> counter_at(std::span<const std::byte, block_bytes> iv, std::uint64_t blocks) {
  std::array<unsigned char, block_bytes> out;
  unsigned carry = 0;
  for (std::size_t i = block_bytes; i-- > 0;) {
    const unsigned sum = std::to_integer<unsigned>(iv[i]) + static_cast<unsigned>(blocks & 0xff) + carry;
    out[i] = static_cast<unsigned char>(sum);
    carry = sum >> 8;
    blocks >>= 8;
  }
  return out;
}

unsigned char* bytes(std::span<std::byte> data) { return reinterpret_cast<unsigned char*>(data.data()); }

}  // namespace

struct FileKey::State {
  GuardedKey key;
  std::array<std::byte, 16> id{};
  PerThread<CipherContext> contexts;

  EVP_CIPHER_CTX* ready(CipherContext& context) {
    if (!context) [[unlikely]] {
      static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
      context.reset(EVP_CIPHER_CTX_new());
      key.with([&](std::span<const std::byte> secret) {
        const auto* raw = reinterpret_cast<const unsigned char*>(secret.data());
        must(context && EVP_EncryptInit_ex2(context.get(), cipher, raw, nullptr, nullptr) == 1, "AES-256-CTR: key");
      });
    }
    return context.get();
  }
};

FileKey::FileKey(std::span<const std::byte, bytes> key) : state_(std::make_unique<State>()) {
  state_->key = GuardedKey(std::span<const std::byte>(key));
  const Digest256 tag = HmacSha256(key).mac("coffer file key id");
  std::copy_n(tag.begin(), state_->id.size(), state_->id.begin());
}
FileKey::~FileKey() = default;

const std::array<std::byte, 16>& FileKey::id() const { return state_->id; }

FileCipher::FileCipher(std::shared_ptr<const FileKey> key, std::span<const std::byte, iv_bytes> iv) : key_(std::move(key)) {
  std::copy(iv.begin(), iv.end(), iv_.begin());
}

void FileCipher::apply(std::uint64_t offset, std::span<std::byte> data) const {
  if (data.empty()) return;
  key_->state_->contexts.with([&](CipherContext& context) {
    EVP_CIPHER_CTX* ctx = key_->state_->ready(context);
    const auto counter = counter_at(iv_, offset / block_bytes);
    must(EVP_EncryptInit_ex2(ctx, nullptr, nullptr, counter.data(), nullptr) == 1, "AES-256-CTR: start");
    int n = 0;
    if (const std::size_t skip = offset % block_bytes; skip != 0) {
      std::array<std::byte, block_bytes> none{};
      must(EVP_EncryptUpdate(ctx, bytes(none), &n, reinterpret_cast<const unsigned char*>(none.data()), static_cast<int>(skip)) == 1,
           "AES-256-CTR");
    }
    for (auto rest = data; !rest.empty();) {
      const auto step = rest.first(std::min(rest.size(), largest_step));
      must(EVP_EncryptUpdate(ctx, bytes(step), &n, bytes(step), static_cast<int>(step.size())) == 1, "AES-256-CTR");
      rest = rest.subspan(step.size());
    }
  });
}

}  // namespace coffer::crypto
