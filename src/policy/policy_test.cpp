#include "policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coffer::policy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  auto policy = parse("p", text);
  return policy ? "parsed" : policy.error().message;
}

TEST(Policy, RefusesWithVaultsTexts) {
  EXPECT_EQ(refusal("path \"a\" {"), "failed to parse policy: At 1:12: object expected closing RBRACE got: EOF");
  EXPECT_EQ(refusal("5"), "failed to parse policy: At 1:1: expected: IDENT | STRING | ASSIGN | LBRACE got: NUMBER");
  EXPECT_THAT(refusal("path \"a\" { capabilities = [\"fly\"] }"),
              StartsWith("failed to parse policy: path \"a\": invalid capability \"fly\""));
  EXPECT_EQ(refusal("path \"a+*\" { capabilities=[\"read\"] }"),
            "failed to parse policy: path \"a+*\": invalid use of wildcards ('+*' is forbidden)");
  EXPECT_EQ(refusal("path \"a\" { min_wrapping_ttl=\"2h\" max_wrapping_ttl=\"1h\" capabilities=[\"read\"] }"),
            "failed to parse policy: max_wrapping_ttl cannot be less than min_wrapping_ttl");
  EXPECT_EQ(refusal("path \"kv1/{{identity.entity.id\" { capabilities = [\"read\"] }"),
            "failed to parse policy: failed to validate policy templating: unbalanced templating characters");
  EXPECT_THAT(refusal("path \"a\" { policy = \"none\" }"), StartsWith("failed to parse policy: path \"a\": invalid policy \"none\""));
}

TEST(Policy, NamesEveryInvalidKeyWithItsPlace) {
  EXPECT_EQ(refusal("path \"a\" { capability = [\"read\"] }"),
            "failed to parse policy: 1 error occurred:\n\t* path \"a\": invalid key \"capability\" on line 1, column 12 (did you mean "
            "\"capabilities\"?)\n\n");
  const std::string two = refusal("rule \"a\" { }\n\npath \"a\" {\n  alowed_parameters = {}\n}");
  EXPECT_THAT(two, HasSubstr("2 errors occurred:\n\t* invalid key \"rule\" on line 1, column 1"));
  EXPECT_THAT(two, HasSubstr("path \"a\": invalid key \"alowed_parameters\" on line 4, column 3 (did you mean \"allowed_parameters\"?)"));
}

TEST(Policy, RefusesWhatWouldGrantMoreThanMeant) {
  EXPECT_THAT(refusal("path \"a\" { capabilities = [\"read\"] control_group = { ttl = \"1h\" } }"),
              HasSubstr("\"control_group\" is not supported"));
  EXPECT_THAT(refusal("path \"a\" { capabilities = [\"deny\"] capabilities = [\"read\"] }"),
              HasSubstr("\"capabilities\" is set twice (line 1, column 36)"));
  EXPECT_THAT(refusal("path \"a\" { capabilities = [1] }"), HasSubstr("expected a list of strings, got: number"));
  EXPECT_THAT(refusal("path \"a\" { expiration = \"soon\" }"), HasSubstr("invalid expiration time"));
  EXPECT_THAT(refusal("path { capabilities = [\"read\"] }"), HasSubstr("expected a block"));
  EXPECT_THAT(refusal("path \"a\" { min_wrapping_ttl = \"soon\" }"),
              HasSubstr("error parsing min_wrapping_ttl: time: invalid duration \"soon\""));
}

TEST(Policy, TakesBothSpellings) {
  EXPECT_TRUE(parse("p", "name = \"x\" path \"a\" { comment = \"why\" capabilities = \"read\" }"));
  EXPECT_TRUE(parse("p", "{\"path\":{\"a/*\":{\"capabilities\":[\"read\",\"list\"]}}}"));
  EXPECT_TRUE(parse("p", "{\"path\":[{\"a\":{\"policy\":\"write\"}},{\"b\":[{\"capabilities\":[\"deny\"]}]}]}"));
  EXPECT_TRUE(parse("p", ""));
}

TEST(Policy, Formats) {
  EXPECT_EQ(format("path \"a/*\" {capabilities=[\"read\"]}").value(), "path \"a/*\" {\n  capabilities = [\"read\"]\n}\n");
  EXPECT_EQ(format("{\"path\":{\"a/*\":{\"capabilities\":[\"read\"]},\"b\":{}}}").value(),
            "path \"a/*\" {\n  capabilities = [\"read\"]\n}\n\npath \"b\" {}\n");
  EXPECT_EQ(format(default_policy_text()).value(), default_policy_text());
  EXPECT_FALSE(format("path \"a\" { oops = 1 }"));
}

TEST(Policy, CapabilityNamesAreSorted) {
  EXPECT_THAT(capability_names(read | create | update | del | list | patch),
              testing::ElementsAre("create", "delete", "list", "patch", "read", "update"));
  EXPECT_THAT(capability_names(0), testing::ElementsAre("deny"));
  EXPECT_THAT(capability_names(deny | read), testing::ElementsAre("deny"));
}

}  // namespace
}  // namespace coffer::policy
