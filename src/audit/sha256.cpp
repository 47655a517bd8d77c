// The low-level interface is marked as deprecated in OpenSSL 3 in favour of EVP, whose contexts cost more than the hash of a short value.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "audit/sha256.h"

#include <openssl/sha.h>

#include "base/secret.h"

namespace coffer::audit {
namespace {
static_assert(sizeof(SHA256_CTX) == 112 && alignof(SHA256_CTX) <= 8);
SHA256_CTX* native(std::array<std::byte, 112>& context) { return reinterpret_cast<SHA256_CTX*>(context.data()); }
const SHA256_CTX* native(const std::array<std::byte, 112>& context) { return reinterpret_cast<const SHA256_CTX*>(context.data()); }
}  // namespace

Sha256::Sha256() { SHA256_Init(native(context_)); }

Sha256::Sha256(const std::array<std::uint32_t, 8>& state, std::uint32_t bytes) {
  SHA256_CTX* context = native(context_);
  std::copy(state.begin(), state.end(), context->h);
  context->Nl = bytes * 8;
  context->Nh = 0;
  context->num = 0;
  context->md_len = SHA256_DIGEST_LENGTH;
}

Sha256& Sha256::update(std::string_view data) {
  SHA256_Update(native(context_), data.data(), data.size());
  return *this;
}

Digest Sha256::finish() {
  Digest out;
  SHA256_Final(out.data(), native(context_));
  return out;
}

std::array<std::uint32_t, 8> Sha256::state() const {
  std::array<std::uint32_t, 8> out;
  std::copy_n(native(context_)->h, 8, out.begin());
  return out;
}

void Sha256::wipe() { coffer::wipe(context_.data(), context_.size()); }

Digest sha256(std::string_view data) { return Sha256().update(data).finish(); }

void append_hex(std::string& out, const Digest& digest) {
  // Both digits of each byte at once: the audit log writes some fifteen digests a request.
  static constexpr auto pairs = [] {
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = {digits[i >> 4], digits[i & 15]};
    return table;
  }();
  char text[64];
  for (std::size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = pairs[digest[i]][0];
    text[2 * i + 1] = pairs[digest[i]][1];
  }
  out.append(text, sizeof text);
}

bool parse_hex(std::string_view text, Digest& out) {
  if (text.size() != 64) return false;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace coffer::audit
