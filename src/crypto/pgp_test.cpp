#include "crypto/pgp.h"

#include <gtest/gtest.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>

#include "base/encoding.h"

namespace coffer::crypto {
namespace {

// A receiver with a secret key of its own.
class Receiver {
 public:
  Receiver() {
    rnp_ffi_create(&ffi_, "GPG", "GPG");
    rnp_generate_key_25519(ffi_, "somebody", nullptr, &key_);
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() {
    rnp_key_handle_destroy(key_);
    rnp_ffi_destroy(ffi_);
  }
  [[nodiscard]] std::string exported(std::uint32_t flags) const {
    rnp_output_t out = nullptr;
    rnp_output_to_memory(&out, 0);
    EXPECT_EQ(rnp_key_export(key_, out, flags), RNP_SUCCESS);
    return take(out);
  }
  [[nodiscard]] std::string fingerprint() const {
    char* text = nullptr;
    rnp_key_get_fprint(key_, &text);
    std::string out = text;
    rnp_buffer_destroy(text);
    return out;
  }
  [[nodiscard]] std::string decrypt(const std::string& message) const {
    rnp_input_t in = nullptr;
    rnp_output_t out = nullptr;
    rnp_input_from_memory(&in, reinterpret_cast<const std::uint8_t*>(message.data()), message.size(), false);
    rnp_output_to_memory(&out, 0);
    EXPECT_EQ(rnp_decrypt(ffi_, in, out), RNP_SUCCESS);
    rnp_input_destroy(in);
    return take(out);
  }

 private:
  static std::string take(rnp_output_t out) {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    rnp_output_memory_get_buf(out, &data, &size, false);
    std::string text(reinterpret_cast<const char*>(data), size);
    rnp_output_destroy(out);
    return text;
  }
  rnp_ffi_t ffi_ = nullptr;
  rnp_key_handle_t key_ = nullptr;
};

TEST(Pgp, EncryptsToAPublicKey) {
  const Receiver receiver;
  const auto key = PgpKey::parse(base64_encode(receiver.exported(RNP_KEY_EXPORT_PUBLIC | RNP_KEY_EXPORT_SUBKEYS)));
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->fingerprint().size(), 40u);
  EXPECT_EQ(key->fingerprint(), ascii_lower(receiver.fingerprint()));
  const auto message = key->encrypt("00112233");
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_NE(message->substr(0, 5), "-----");
  EXPECT_EQ(receiver.decrypt(*message), "00112233");
}

TEST(Pgp, RefusesWhatIsNoKey) {
  for (const std::string text : {"", "!!!", "AAAA", "c2VjcmV0"}) {
    const auto key = PgpKey::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, Code::invalid_argument);
  }
  EXPECT_FALSE(PgpKey::parse(std::string(200'000, 'A')));
  const Receiver receiver;
  EXPECT_FALSE(PgpKey::parse(base64_encode(receiver.exported(RNP_KEY_EXPORT_SECRET | RNP_KEY_EXPORT_SUBKEYS))));
  EXPECT_FALSE(PgpKey::parse(base64_encode(receiver.exported(RNP_KEY_EXPORT_PUBLIC))));  // signs only: no subkey to encrypt to
  const std::string whole = receiver.exported(RNP_KEY_EXPORT_PUBLIC | RNP_KEY_EXPORT_SUBKEYS);
  EXPECT_FALSE(PgpKey::parse(base64_encode(whole + Receiver().exported(RNP_KEY_EXPORT_PUBLIC | RNP_KEY_EXPORT_SUBKEYS))));
  EXPECT_FALSE(PgpKey::parse(base64_encode(whole.substr(0, whole.size() / 2))));
}

}  // namespace
}  // namespace coffer::crypto
