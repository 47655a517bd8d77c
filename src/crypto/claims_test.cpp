#include "crypto/claims.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace coffer::crypto {
namespace {

constexpr Time now{Seconds(1'800'000'000)};
constexpr Seconds leeway{60};

Claims::Span span(std::string_view payload) { return Claims::parse(payload).value().at(now, leeway); }

TEST(Claims, ReadsEachClaimOnce) {
  const Claims claims = Claims::parse(R"({"iss":"i","aud":["a",7,"b"],"sub":7,"exp":1800000000.5,"deep":{"a":1,"a":2}})").value();
  EXPECT_EQ(claims.text("iss"), "i");
  EXPECT_EQ(claims.text("sub"), "");
  EXPECT_EQ(claims.text("aud"), "");
  EXPECT_EQ(claims.texts("aud"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(claims.texts("iss"), std::vector<std::string_view>{"i"});
  EXPECT_TRUE(claims.texts("deep").empty());
  EXPECT_EQ(claims.time("exp"), now);
  for (const char* wrong : {"", "[]", "\"x\"", "{", R"({"a":1,"a":1})", R"({"a":1,"\u0061":1})"})
    EXPECT_FALSE(Claims::parse(wrong)) << wrong;
}

TEST(Claims, ReadsTokensThatNobodyVerified) {
  EXPECT_EQ(Claims::unverified("e30." + base64url_encode(R"({"iss":"i"})") + ".").value().text("iss"), "i");
  for (const char* wrong : {"", ".", "..", "a", "a.b", "a.b.c", "a.e30"}) EXPECT_FALSE(Claims::unverified(wrong)) << wrong;
}

TEST(Claims, KnowsItsTimes) {
  EXPECT_EQ(span(R"({"exp":1800000001})"), Claims::Span::within);
  EXPECT_EQ(span(R"({"exp":1799999941})"), Claims::Span::within);
  EXPECT_EQ(span(R"({"exp":1799999940})"), Claims::Span::after);
  EXPECT_EQ(span(R"({"exp":1800000001,"nbf":1800000060,"iat":1})"), Claims::Span::within);
  EXPECT_EQ(span(R"({"exp":1800000001,"nbf":1800000061})"), Claims::Span::before);
  EXPECT_EQ(span(R"({"exp":1800000001,"iat":1800000061})"), Claims::Span::before);
  for (const char* none :
       {"{}", R"({"exp":"1800000001"})", R"({"exp":null})", R"({"exp":-1})", R"({"exp":1e300})", R"({"exp":1800000001,"nbf":"x"})"})
    EXPECT_EQ(span(none), Claims::Span::none) << none;
}

}  // namespace
}  // namespace coffer::crypto
