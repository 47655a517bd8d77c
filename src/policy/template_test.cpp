#include <gtest/gtest.h>

#include "policy/policy.h"

namespace coffer::policy {
namespace {

IdentityContext someone() {
  IdentityContext who;
  who.entity_id = "e-1";
  who.entity_name = "bob";
  who.metadata = {{"team", "red"}, {"empty", ""}};
  who.aliases = {{"auth_up_1", "al-1", "bobby", {{"dc", "x"}}, {{"seat", "7"}}}};
  who.groups = {{"g-1", "ops", {{"floor", "3"}}}, {"g-2", "ops.night", {{"floor", "4"}}}};
  return who;
}

std::shared_ptr<const Acl> compile(std::string_view path, const IdentityContext* who, std::string_view word = "read") {
  const auto policy = parse("p", std::string("path \"") + std::string(path) + "\" { capabilities = [\"" + std::string(word) +
                                     "\"] }\npath \"open/*\" { capabilities = [\"read\"] }");
  EXPECT_TRUE(policy);
  EXPECT_TRUE(templated(std::vector{*policy}));
  return Acl::compile(std::vector{*policy}, false, who);
}
bool reads(std::string_view pattern, std::string_view path, const IdentityContext& who) {
  return compile(pattern, &who)->decide({.path = path, .wanted = read}).allowed;
}

TEST(Template, FillsInEverySlot) {
  const IdentityContext who = someone();
  EXPECT_TRUE(reads("s/{{identity.entity.id}}/x", "s/e-1/x", who));
  EXPECT_TRUE(reads("s/{{ identity.entity.name }}/*", "s/bob/x", who));
  EXPECT_TRUE(reads("s/{{identity.entity.metadata.team}}-{{identity.entity.name}}", "s/red-bob", who));
  EXPECT_TRUE(reads("s/{{identity.entity.aliases.auth_up_1.name}}", "s/bobby", who));
  EXPECT_TRUE(reads("s/{{identity.entity.aliases.auth_up_1.id}}", "s/al-1", who));
  EXPECT_TRUE(reads("s/{{identity.entity.aliases.auth_up_1.metadata.dc}}", "s/x", who));
  EXPECT_TRUE(reads("s/{{identity.entity.aliases.auth_up_1.custom_metadata.seat}}", "s/7", who));
  EXPECT_TRUE(reads("s/{{identity.groups.ids.g-1.name}}", "s/ops", who));
  EXPECT_TRUE(reads("s/{{identity.groups.names.ops.id}}", "s/g-1", who));
  EXPECT_TRUE(reads("s/{{identity.groups.names.ops.metadata.floor}}", "s/3", who));
  EXPECT_TRUE(reads("s/{{identity.groups.names.ops.night.metadata.floor}}", "s/4", who));
}

TEST(Template, DropsTheRuleWhenAValueIsMissing) {
  const IdentityContext who = someone();
  for (const std::string_view slot : {"identity.entity.metadata.none", "identity.entity.metadata.empty",
                                      "identity.entity.aliases.other.name", "identity.groups.names.none.id", "nonsense", ""}) {
    const auto acl = compile("s/{{" + std::string(slot) + "}}*", &who);
    EXPECT_FALSE(acl->decide({.path = "s/anything", .wanted = read}).allowed) << slot;
    EXPECT_TRUE(acl->decide({.path = "open/x", .wanted = read}).allowed) << "the policy's other rules stay";
  }
  EXPECT_FALSE(compile("s/{{identity.entity.id}}", nullptr)->decide({.path = "s/e-1", .wanted = read}).allowed);
}

TEST(Template, NeverWidensByAValue) {  // security.md E06
  for (const std::string_view evil : {"*", "a/b", "+", "x*", "../y", ""}) {
    IdentityContext who;
    const std::string value(evil);
    who.entity_id = who.entity_name = value;
    who.metadata = {{"k", value}};
    who.aliases = {{"acc", value, value, {{"k", value}}, {{"k", value}}}};
    who.groups = {{"g", value, {{"k", value}}}};
    for (const std::string_view slot :
         {"identity.entity.id", "identity.entity.name", "identity.entity.metadata.k", "identity.entity.aliases.acc.id",
          "identity.entity.aliases.acc.name", "identity.entity.aliases.acc.metadata.k", "identity.entity.aliases.acc.custom_metadata.k",
          "identity.groups.ids.g.name", "identity.groups.ids.g.metadata.k"}) {
      const auto acl = compile("s/{{" + std::string(slot) + "}}", &who);
      for (const std::string_view path : {"s/x", "s/a/b", "s/*", "s/+", "s/", "s/xy", "s/../y"})
        EXPECT_FALSE(acl->decide({.path = path, .wanted = read}).allowed) << slot << evil;
    }
    // A denying rule must not vanish by the same trick.
    const auto denying = compile("open/{{identity.entity.name}}/x", &who, "deny");
    EXPECT_FALSE(denying->decide({.path = "open/a/x", .wanted = read}).allowed) << evil;
    const auto glob = compile("open/{{identity.entity.name}}*", &who, "deny");
    EXPECT_FALSE(glob->decide({.path = "open/a/x", .wanted = read}).allowed) << evil;
  }
}

TEST(Template, TwoAliasesOfOneMountAreNoAnswer) {  // security.md E07
  IdentityContext who = someone();
  who.aliases.push_back({"auth_up_1", "al-2", "bobby2", {}, {}});
  EXPECT_FALSE(reads("s/{{identity.entity.aliases.auth_up_1.name}}", "s/bobby", who));
  EXPECT_FALSE(reads("s/{{identity.entity.aliases.auth_up_1.name}}", "s/bobby2", who));
}

TEST(Template, BracesMustBalance) {
  for (const std::string_view path : {"a/{{b", "a/b}}", "a/{{b{{c}}}}", "}}a{{", "a/{{}"})
    EXPECT_FALSE(parse("p", "path \"" + std::string(path) + "\" { policy = \"read\" }")) << path;
  EXPECT_TRUE(parse("p", "path \"a/{{x}}/{{y}}\" { policy = \"read\" }"));
}

}  // namespace
}  // namespace coffer::policy
