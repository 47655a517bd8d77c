#include "audit/signer.h"

#include <openssl/evp.h>

#include "audit/encode.h"
#include "base/encoding.h"
#include "crypto/freed.h"

namespace coffer::audit {
namespace {

using Key = std::unique_ptr<EVP_PKEY, crypto::Freed<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, crypto::Freed<EVP_MD_CTX_free>>;
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

class Ed25519Signer final : public Signer {
 public:
  Ed25519Signer(Key key, std::string public_key) : key_(std::move(key)), public_key_(std::move(public_key)) {}
  std::string sign(std::string_view text) const override {
    const Context context(EVP_MD_CTX_new());
    std::array<unsigned char, 64> signature{};
    std::size_t size = signature.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, bytes(text), text.size()) != 1)
      return "";
    return hex_encode({reinterpret_cast<const char*>(signature.data()), size});
  }
  const std::string& public_key() const override { return public_key_; }

 private:
  Key key_;
  std::string public_key_;
};

class Ed25519Verifier final : public Verifier {
 public:
  explicit Ed25519Verifier(Key key) : key_(std::move(key)) {}
  bool verify(std::string_view text, std::string_view signature) const override {
    const auto raw = hex_decode(signature);
    const Context context(EVP_MD_CTX_new());
    return raw && raw->size() == 64 && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(*raw), raw->size(), bytes(text), text.size()) == 1;
  }

 private:
  Key key_;
};

}  // namespace

Result<std::unique_ptr<Signer>> Signer::make(const SecretBytes& seed) {
  if (seed.size() != 32) return fail(Code::internal, "the key that signs audit checkpoints must be 32 bytes");
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(seed.reveal_text()), seed.size()));
  std::array<unsigned char, 32> raw{};
  std::size_t size = raw.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), raw.data(), &size) != 1)
    return fail(Code::internal, "OpenSSL refused the key that signs audit checkpoints");
  std::string name = hex_encode({reinterpret_cast<const char*>(raw.data()), size});
  return std::unique_ptr<Signer>(std::make_unique<Ed25519Signer>(std::move(key), std::move(name)));
}

Result<std::unique_ptr<Verifier>> Verifier::make(std::string_view public_key) {
  const auto raw = hex_decode(public_key);
  if (!raw || raw->size() != 32) return invalid("a public key of audit checkpoints is 64 hexadecimal digits");
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(*raw), raw->size()));
  if (!key) return invalid("not an Ed25519 public key");
  return std::unique_ptr<Verifier>(std::make_unique<Ed25519Verifier>(std::move(key)));
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  std::string text = "coffer audit checkpoint v1\n";
  text.append("node ").append(checkpoint.node).append("\nform ").append(checkpoint.form);
  text.append("\ntime ").append(checkpoint.time).append("\nseq ");
  append_number(text, checkpoint.head.seq);
  text.append("\nhash ");
  append_hex(text, checkpoint.head.hash);
  text.append("\nposition ");
  append_number(text, checkpoint.position);
  text.push_back('\n');
  return text;
}

std::string checkpoint_body(const Checkpoint& checkpoint, const Signer& signer) {
  std::string out = R"({"time":")";
  out.append(checkpoint.time).append(R"(","type":"checkpoint","checkpoint":{"seq":)");
  append_number(out, checkpoint.head.seq);
  out.append(R"(,"hash":")");
  append_hex(out, checkpoint.head.hash);
  out.append(R"(","position":)");
  append_number(out, checkpoint.position);
  put(out, R"(,"public_key":")", signer.public_key());
  put(out, R"(,"signature":")", signer.sign(checkpoint_text(checkpoint)));
  out.push_back('}');
  return out;
}

}  // namespace coffer::audit
