// Project Wycheproof's vectors for what the server uses (tests/vectors/README.md).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

namespace coffer::crypto {
namespace {

using json::Value;

std::string hex_field(Value test, std::string_view name) {
  const auto value = test.find(name);
  return value ? hex_decode(value->text()).value() : std::string();
}
std::int64_t number(Value value, std::string_view name) { return value.find(name)->as_int().value(); }

// Calls check(group, test) -> "would the library accept it?" for each test and compares with the file's verdict.
template <class F>
void run(const std::string& file, std::size_t expected, F check) {
  std::ifstream in(COFFER_VECTORS "/wycheproof/" + file);
  ASSERT_TRUE(in) << file;
  std::stringstream text;
  text << in.rdbuf();
  const auto document = json::Document::parse(text.str());
  ASSERT_TRUE(document) << document.error().message;
  std::size_t count = 0;
  for (const Value group : document->root().find("testGroups")->elements()) {
    for (const Value test : group.find("tests")->elements()) {
      const std::optional<bool> accepted = check(group, test);
      if (!accepted) continue;  // parameters that the interface cannot express
      ++count;
      EXPECT_EQ(*accepted, test.find("result")->text() == "valid") << file << " test " << number(test, "tcId");
    }
  }
  EXPECT_EQ(count, expected) << file;
}

TEST(Wycheproof, AesGcm256) {
  run("aes_gcm_test.json", 66, [](Value group, Value test) -> std::optional<bool> {
    if (number(group, "keySize") != 256 || number(group, "ivSize") != 96) return std::nullopt;
    const std::string key = hex_field(test, "key");
    const std::string iv = hex_field(test, "iv");
    const std::string plain = hex_field(test, "msg");
    const std::string sealed = hex_field(test, "ct") + hex_field(test, "tag");
    Aes256Gcm cipher(as_bytes(key).first<32>());
    std::string out(plain.size(), '?');
    const auto nonce = as_bytes(iv).first<12>();
    const bool accepted = cipher.open(nonce, hex_field(test, "aad"), sealed, std::as_writable_bytes(std::span(out)));
    if (accepted) {
      EXPECT_EQ(out, plain);
      std::string again(sealed.size(), '?');
      cipher.seal(nonce, hex_field(test, "aad"), plain, std::as_writable_bytes(std::span(again)));
      EXPECT_EQ(again, sealed);
    } else {
      EXPECT_EQ(out, std::string(plain.size(), '\0'));
    }
    return accepted;
  });
}

TEST(Wycheproof, HmacSha256) {
  run("hmac_sha256_test.json", 174, [](Value group, Value test) -> std::optional<bool> {
    const std::string key = hex_field(test, "key");
    const Digest256 mac = HmacSha256(as_bytes(key)).mac(hex_field(test, "msg"));
    const auto size = static_cast<std::size_t>(number(group, "tagSize") / 8);
    return constant_time_equal(as_text(mac).substr(0, size), hex_field(test, "tag"));
  });
}

TEST(Wycheproof, HkdfSha256) {
  run("hkdf_sha256_test.json", 83, [](Value, Value test) -> std::optional<bool> {
    const auto size = static_cast<std::size_t>(number(test, "size"));
    if (size > 255 * 32) return std::nullopt;  // our own bug, never input: the process would stop
    const std::string key = hex_field(test, "ikm");
    const auto out = hkdf_sha256(as_bytes(key), hex_field(test, "salt"), hex_field(test, "info"), size);
    return out.reveal_text() == hex_field(test, "okm");
  });
}

TEST(Wycheproof, Ed25519) {
  run("ed25519_test.json", 151, [](Value group, Value test) -> std::optional<bool> {
    const std::string key = hex_field(*group.find("publicKey"), "pk");
    const std::string signature = hex_field(test, "sig");
    return ed25519_verify(as_bytes(key), hex_field(test, "msg"), as_bytes(signature));
  });
}

}  // namespace
}  // namespace coffer::crypto
