// Project Wycheproof's signed tokens (tests/vectors/README.md), and what a key set may hold.
#include "crypto/jws.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.h"

namespace coffer::crypto {
namespace {

using json::Value;

constexpr Time now{Seconds(1'800'000'000)};
constexpr std::string_view ed25519_key = R"({"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr std::string_view ed25519_token =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
    "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

std::string set_of(std::string_view key) { return "{\"keys\":[" + std::string(key) + "]}"; }

TEST(Jws, Wycheproof) {
  std::ifstream in(COFFER_VECTORS "/wycheproof/json_web_signature_test.json");
  ASSERT_TRUE(in);
  std::stringstream text;
  text << in.rdbuf();
  const auto document = json::Document::parse(text.str());
  ASSERT_TRUE(document) << document.error().message;
  std::size_t count = 0;
  for (const Value group : document->root().find("testGroups")->elements()) {
    const auto key = group.find("public") ? group.find("public") : group.find("private");
    // Symmetric keys do not exist here; ES521 is no algorithm's name.
    if (key->find("kty")->text() == "oct" || (key->find("alg") && key->find("alg")->text() == "ES521")) continue;
    const auto keys = VerificationKeys::load({}, set_of(key->raw()));
    for (const Value test : group.find("tests")->elements()) {
      ++count;
      const bool accepted = keys && keys->verify(test.find("jws")->text(), now);
      // Figure 20's key says PS256, its token PS384: a key that says its algorithm has no other.
      const bool valid = test.find("result")->text() == "valid" && test.find("comment")->text() != "Figure20";
      EXPECT_EQ(accepted, valid) << "test " << test.find("tcId")->raw() << " " << test.find("comment")->text();
    }
  }
  EXPECT_EQ(count, 359u);
}

TEST(Jws, Rfc8037Example) {
  const auto keys = VerificationKeys::load({}, set_of(ed25519_key));
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->verify(ed25519_token, now).value(), "Example of Ed25519 signing");
  EXPECT_FALSE(keys->verify(std::string(ed25519_token) + "A", now));
  EXPECT_FALSE(keys->verify(std::string(ed25519_token) + ".", now));
  EXPECT_FALSE(keys->verify("", now));
}

TEST(Jws, RefusesAlgorithmsWithoutKeys) {
  const auto keys = VerificationKeys::load({}, set_of(ed25519_key));
  // {"alg":"none"} and {"alg":"HS256"}
  EXPECT_FALSE(keys->verify("eyJhbGciOiJub25lIn0.e30.", now));
  EXPECT_FALSE(keys->verify("eyJhbGciOiJIUzI1NiJ9.e30.AAAA", now));
}

TEST(Jws, RefusesKeySetsThatHelpNobody) {
  EXPECT_FALSE(VerificationKeys::load({}, ""));
  EXPECT_FALSE(VerificationKeys::load({}, "{}"));
  EXPECT_FALSE(VerificationKeys::load({}, set_of("")));
  EXPECT_FALSE(VerificationKeys::load({}, set_of(R"({"kty":"oct","k":"AAAA"})")));
  EXPECT_FALSE(VerificationKeys::load({}, set_of(R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})")));
  EXPECT_FALSE(VerificationKeys::load({}, set_of(R"({"kty":"RSA","n":"AAAA","e":"AQAB"})")));
  const std::string no_pem[] = {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
  EXPECT_FALSE(VerificationKeys::load(no_pem, ""));
}

}  // namespace
}  // namespace coffer::crypto
