#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy.h"
#include "policy/suggest.h"

namespace coffer::policy {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  auto policy = PasswordPolicy::parse(text);
  return policy ? "parsed" : policy.error().message;
}

TEST(PasswordPolicy, MeetsItsRules) {
  const auto policy =
      PasswordPolicy::parse(
          "length=20 rule \"charset\" { charset = \"abcde\" min-chars = 2 } rule \"charset\" { charset = \"0123\" min_chars = 3 }")
          .value();
  for (int i = 0; i < 200; ++i) {
    const std::string password = policy->generate().value();
    ASSERT_EQ(password.size(), 20u);
    EXPECT_EQ(password.find_first_not_of("abcde0123"), std::string::npos);
    EXPECT_GE(std::ranges::count_if(password, [](char c) { return c >= 'a'; }), 2);
    EXPECT_GE(std::ranges::count_if(password, [](char c) { return c <= '9'; }), 3);
  }
  EXPECT_NE(policy->generate().value(), policy->generate().value());
}

TEST(PasswordPolicy, IsUniform) {
  const auto policy =
      PasswordPolicy::parse("length = 1000\nrule \"charset\" { charset = \"abcabc\" }\nrule \"charset\" { charset = \"äc\" }").value();
  std::map<char, int> count;
  for (int i = 0; i < 40; ++i) {
    const std::string password = policy->generate().value();
    for (const char c : password) ++count[c];
  }
  for (const char c : {'a', 'b', 'c', '\xa4'}) EXPECT_NEAR(count[c], 10'000, 500);
}

TEST(PasswordPolicy, RefusesWithVaultsTexts) {
  EXPECT_EQ(refusal("length=1"), "invalid password policy: 1 error occurred:\n\t* no charset specified\n\n");
  EXPECT_THAT(refusal("rule \"charset\" { charset = \"a\" }"), HasSubstr("length must be > 0"));
  EXPECT_THAT(refusal("length = 3 rule \"charset\" { charset = \"a\" min-chars = 4 }"),
              HasSubstr("specified rules require at least 4 characters but 3 is specified"));
  EXPECT_THAT(refusal("length = 3 rule \"charset\" { charset = \"a\\n\" }"), HasSubstr("non-printable character in charset"));
  EXPECT_THAT(refusal("length = 3 rule \"letters\" { charset = \"a\" }"), HasSubstr("unrecognized rule type \"letters\""));
  EXPECT_THAT(refusal("lenght = 3 rule \"charset\" { charset = \"a\" }"),
              HasSubstr("unknown key \"lenght\"; did you mean \"length\"? (line 1, column 1)"));
  EXPECT_THAT(refusal("length = "), HasSubstr("unable to decode: At 1:"));
  EXPECT_THAT(refusal("length = 100000 rule \"charset\" { charset = \"a\" }"), HasSubstr("length must be <= 4096"));
}

TEST(PasswordPolicy, GivesUpOnImpossibleRules) {
  const auto policy =
      PasswordPolicy::parse(
          "length = 64 rule \"charset\" { charset = \"abcdefghijklmnopqrstuvwxyz\" } rule \"charset\" { charset = \"0\" min-chars = 64 }")
          .value();
  EXPECT_THAT(policy->generate().error().message, HasSubstr("are the rules impossible?"));
}

TEST(Suggest, FindsTheNearestWord) {
  constexpr std::string_view known[] = {"listener", "storage", "api_addr"};
  EXPECT_EQ(closest("lsitener", known), "listener");
  EXPECT_EQ(closest("storge", known), "storage");
  EXPECT_EQ(closest("api_adr", known), "api_addr");
  EXPECT_EQ(closest("telemetry", known), "");
  EXPECT_EQ(edit_distance("ab", "ba", 5), 1u);
  EXPECT_EQ(edit_distance("abcdef", "", 3), 4u);
}

}  // namespace
}  // namespace coffer::policy
