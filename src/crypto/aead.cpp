#include "crypto/aead.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <climits>

#include "crypto/must.h"

namespace coffer::crypto {
namespace {

const EVP_CIPHER* gcm_cipher() {
  // Fetched once: a fetch costs more than an encryption.
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
const unsigned char* bytes(std::span<const std::byte> data) { return reinterpret_cast<const unsigned char*>(data.data()); }
unsigned char* bytes(std::span<std::byte> data) { return reinterpret_cast<unsigned char*>(data.data()); }

// OpenSSL counts in int.
int length(std::size_t size) {
  must(size <= INT_MAX, "AES-256-GCM: size");
  return static_cast<int>(size);
}

}  // namespace

void FreeCipher::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

// One context serves both directions: GCM runs the block cipher forwards in both, so the key schedule stays.
Aes256Gcm::Aes256Gcm(std::span<const std::byte, key_bytes> key) : context_(EVP_CIPHER_CTX_new()) {
  must(context_ && EVP_EncryptInit_ex2(context_.get(), gcm_cipher(), bytes(std::span<const std::byte>(key)), nullptr, nullptr) == 1,
       "AES-256-GCM: key");
}

void Aes256Gcm::seal(Nonce nonce, std::string_view aad, std::string_view plain, std::span<std::byte> out) {
  must(out.size() == plain.size() + tag_bytes, "AES-256-GCM: output size");
  EVP_CIPHER_CTX* ctx = context_.get();
  int n = 0;
  bool ok = EVP_EncryptInit_ex2(ctx, nullptr, nullptr, bytes(std::span<const std::byte>(nonce)), nullptr) == 1;
  if (!aad.empty()) ok = ok && EVP_EncryptUpdate(ctx, nullptr, &n, bytes(aad), length(aad.size())) == 1;
  if (!plain.empty()) ok = ok && EVP_EncryptUpdate(ctx, bytes(out), &n, bytes(plain), length(plain.size())) == 1;
  ok = ok && EVP_EncryptFinal_ex(ctx, bytes(out.subspan(plain.size())), &n) == 1;
  std::array<OSSL_PARAM, 2> params{OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, out.data() + plain.size(), tag_bytes),
                                   OSSL_PARAM_construct_end()};
  ok = ok && EVP_CIPHER_CTX_get_params(ctx, params.data()) == 1;
  must(ok, "AES-256-GCM: encrypt");
}

bool Aes256Gcm::open(Nonce nonce, std::string_view aad, std::string_view sealed, std::span<std::byte> out) {
  if (sealed.size() < tag_bytes) return false;
  const std::size_t size = sealed.size() - tag_bytes;
  must(out.size() == size, "AES-256-GCM: output size");
  EVP_CIPHER_CTX* ctx = context_.get();
  std::array<unsigned char, tag_bytes> tag{};
  std::memcpy(tag.data(), sealed.data() + size, tag_bytes);
  // The expected tag goes along with the nonce: a call of its own would cost a sixth of the whole.
  const std::array<OSSL_PARAM, 2> params{OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag.data(), tag_bytes),
                                         OSSL_PARAM_construct_end()};
  int n = 0;
  bool ok = EVP_DecryptInit_ex2(ctx, nullptr, nullptr, bytes(std::span<const std::byte>(nonce)), params.data()) == 1;
  if (!aad.empty()) ok = ok && EVP_DecryptUpdate(ctx, nullptr, &n, bytes(aad), length(aad.size())) == 1;
  if (size) ok = ok && EVP_DecryptUpdate(ctx, bytes(out), &n, bytes(sealed), length(size)) == 1;
  must(ok, "AES-256-GCM: decrypt");
  std::array<unsigned char, 16> none{};
  if (EVP_DecryptFinal_ex(ctx, none.data(), &n) == 1) return true;
  wipe(out.data(), out.size());  // unauthenticated plain text is nobody's
  return false;
}

std::string seal_box(std::span<const std::byte> key, std::string_view aad, std::string_view plain, Random& random) {
  must(key.size() == Aes256Gcm::key_bytes, "key size");
  std::string box(Aes256Gcm::nonce_bytes + plain.size() + Aes256Gcm::tag_bytes, '\0');
  const auto all = std::as_writable_bytes(std::span(box));
  random.fill(all.first(Aes256Gcm::nonce_bytes));
  Aes256Gcm(key.first<Aes256Gcm::key_bytes>()).seal(all.first<Aes256Gcm::nonce_bytes>(), aad, plain, all.subspan(Aes256Gcm::nonce_bytes));
  return box;
}

Result<SecretBytes> open_box(std::span<const std::byte> key, std::string_view aad, std::string_view box) {
  must(key.size() == Aes256Gcm::key_bytes, "key size");
  constexpr std::size_t overhead = Aes256Gcm::nonce_bytes + Aes256Gcm::tag_bytes;
  if (box.size() >= overhead) {
    SecretBytes plain(box.size() - overhead);
    const auto nonce = std::as_bytes(std::span(box)).first<Aes256Gcm::nonce_bytes>();
    Aes256Gcm cipher(key.first<Aes256Gcm::key_bytes>());
    if (cipher.open(nonce, aad, box.substr(Aes256Gcm::nonce_bytes), plain.writable())) return plain;
  }
  return fail(Code::corrupt, "message authentication failed");
}

SecretBytes random_secret(std::size_t size, Random& random) {
  SecretBytes out(size);
  random.fill(out.writable());
  return out;
}

}  // namespace coffer::crypto
