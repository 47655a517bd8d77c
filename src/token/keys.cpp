#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "token/store.h"

namespace coffer::token {
namespace {

constexpr std::string_view batch_prefix = "hvb.";
constexpr std::string_view batch_context = "coffer batch token 1";

class HashedKeys final : public Keys {
 public:
  HashedKeys(SecretBytes hash_key, SecretBytes batch_key, Random& random)
      : hash_(hash_key.reveal()), batch_key_(std::move(batch_key)), random_(random) {}
  std::string id_of(std::string_view token) const override { return hex_encode(crypto::as_text(hash_.mac(token))); }
  SecretBytes derive(std::string_view purpose, std::string_view data) const override {
    // No token begins with a zero byte: none comes in a header that does.
    crypto::Digest256 made = hash_.mac({std::string_view("\0", 1), purpose, std::string_view("\0", 1), data});
    SecretBytes out = SecretBytes::copy_of(crypto::as_text(made));
    wipe(made.data(), made.size());
    return out;
  }
  Result<SecretBytes> seal_batch(const Record& record) const override {
    std::string text(batch_prefix);
    text += base64url_encode(crypto::seal_box(batch_key_.reveal(), batch_context, encode(record), random_));
    SecretBytes out = SecretBytes::copy_of(text);
    wipe(text);
    return out;
  }
  Result<Record> open_batch(std::string_view token) const override {
    if (!token.starts_with(batch_prefix)) return dead_token();
    const auto box = base64url_decode(token.substr(batch_prefix.size()));
    if (!box) return dead_token();
    const auto plain = crypto::open_box(batch_key_.reveal(), batch_context, *box);
    if (!plain) return dead_token();
    return decode(plain->reveal_text());
  }

 private:
  crypto::HmacSha256 hash_;
  SecretBytes batch_key_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Keys> Keys::make(SecretBytes hash_key, SecretBytes batch_key, Random& random) {
  return std::make_unique<HashedKeys>(std::move(hash_key), std::move(batch_key), random);
}

}  // namespace coffer::token
