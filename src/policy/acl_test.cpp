#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy.h"

namespace coffer::policy {
namespace {

using testing::ElementsAre;
using Reason = Decision::Reason;

std::shared_ptr<const Acl> acl(std::vector<std::string> texts, const IdentityContext* identity = nullptr,
                               std::optional<Time> now = std::nullopt) {
  std::vector<PolicyPtr> policies;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto policy = parse("p" + std::to_string(i + 1), texts[i]);
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message);
    if (policy) policies.push_back(*policy);
  }
  return Acl::compile(policies, false, identity, now);
}
bool allows(const Acl& a, std::string_view path, Capabilities wanted) { return a.decide({.path = path, .wanted = wanted}).allowed; }

TEST(Acl, ComparesNamesWithoutTheirCaseWhereTheyHaveNone) {  // security.md E03
  const auto a = acl({R"(path "auth/up/users/Admin" { capabilities = ["deny"] }
                         path "auth/up/users/*" { capabilities = ["read"] }
                         path "auth/+/users/Bob/password" { capabilities = ["update"] }
                         path "auth/Other/users/Eve" { capabilities = ["read"] })"});
  const auto judge = [&](std::string_view path, Capabilities wanted, std::size_t folds_after) {
    return a->decide({.path = path, .wanted = wanted, .folds_after = folds_after});
  };
  EXPECT_TRUE(judge("auth/up/users/admin", read, 0).allowed) << "where case matters it is another name";
  const Decision denied = judge("auth/up/users/admin", read, 2);
  EXPECT_EQ(denied.reason, Decision::Reason::denied);
  EXPECT_EQ(denied.rule, "auth/up/users/Admin") << "shown as it is written";
  EXPECT_TRUE(judge("auth/up/users/ann", read, 2).allowed);
  EXPECT_TRUE(judge("auth/too/users/bob/password", update, 2).allowed);
  EXPECT_FALSE(judge("auth/too/users/bob/password", update, 0).allowed);
  EXPECT_TRUE(judge("auth/Other/users/eve", read, 2).allowed);
  EXPECT_FALSE(judge("auth/other/users/eve", read, 2).allowed) << "a mount's own path keeps its case";
}

TEST(Acl, ListsHoldDenyRulesWithTheTrailingSlash) {  // security.md E04
  const auto a = acl({R"(path "foo/metadata/*" { capabilities = ["list", "scan"] }
                         path "foo/metadata/private/*" { capabilities = ["deny"] }
                         path "foo/metadata/private/granted/*" { capabilities = ["list", "scan"] })"});
  const std::pair<std::string, bool> table[] = {{"foo", false},
                                                {"foo/metadata", true},
                                                {"foo/metadata/test", true},
                                                {"foo/metadata/private", false},
                                                {"foo/metadata/private/internal", false},
                                                {"foo/metadata/private/granted", true},
                                                {"foo/metadata/private/granted/test", true}};
  for (const auto& [path, expected] : table) {
    for (const Capabilities wanted : {list, scan}) {
      EXPECT_EQ(allows(*a, path + "/", wanted), expected) << path;
      EXPECT_EQ(allows(*a, path, wanted), expected) << path << " without the slash";
    }
  }
}

TEST(Acl, DenyOfTheBareNameHoldsForItsListing) {
  const auto a = acl({R"(path "foo/*" { capabilities = ["list"] }  path "foo/+" { capabilities = ["deny"] }
                         path "bar/*" { capabilities = ["list"] }  path "bar/x" { capabilities = ["deny"] })"});
  EXPECT_FALSE(allows(*a, "foo/a/", list));
  EXPECT_TRUE(allows(*a, "foo/a/b/", list));
  EXPECT_FALSE(allows(*a, "bar/x/", list));
  EXPECT_TRUE(allows(*a, "bar/y/", list));
}

TEST(Acl, PrefersTheMostSpecificPattern) {
  const auto a = acl({R"(path "*" { capabilities = ["read"] }
                         path "s/*" { capabilities = ["create"] }
                         path "s/a/+/c" { capabilities = ["update"] }
                         path "s/+/b/c" { capabilities = ["delete"] }
                         path "s/a/*" { capabilities = ["patch"] }
                         path "s/a/b/c" { capabilities = ["list"] }
                         path "s/a/+/d*" { capabilities = ["sudo"] })"});
  EXPECT_EQ(a->capabilities("x"), read);
  EXPECT_EQ(a->capabilities("s/x"), create);
  EXPECT_EQ(a->capabilities("s/a/x/c"), update);  // first wildcard as late as in s/a/*, and no glob
  EXPECT_EQ(a->capabilities("s/x/b/c"), del);
  EXPECT_EQ(a->capabilities("s/a/x"), patch);
  EXPECT_EQ(a->capabilities("s/a/b/c"), list);
  EXPECT_EQ(a->capabilities("s/a/x/dd/e"), patch);  // both globs begin at the same place: fewer '+' wins
  EXPECT_EQ(a->capabilities("s/"), create);
}

TEST(Acl, SegmentWildcardMatchesOneSegment) {
  const auto a = acl(
      {R"(path "kv1/+/mid" { capabilities = ["read"] }  path "+/x/*" { capabilities = ["update"] }
          path "q/+" { capabilities = ["list"] })"});
  EXPECT_TRUE(allows(*a, "kv1/x/mid", read));
  EXPECT_FALSE(allows(*a, "kv1/x/y/mid", read));
  EXPECT_FALSE(allows(*a, "kv1/mid", read));
  EXPECT_TRUE(allows(*a, "any/x/y/z", update));
  EXPECT_FALSE(allows(*a, "any/y/x", update));
  EXPECT_TRUE(allows(*a, "q/folder/", list));  // the slash trimmed
}

TEST(Acl, MergesTheSamePathOfSeveralPolicies) {
  const auto a = acl({R"(path "a" { capabilities = ["read"] } path "b" { capabilities = ["read"] })",
                      R"(path "/a" { capabilities = ["update", "read"] })", R"(path "b" { capabilities = ["deny"] })"});
  const Decision d = a->decide({.path = "a", .wanted = read});
  EXPECT_TRUE(d.allowed);
  EXPECT_THAT(d.granting_policies, ElementsAre("p1", "p2"));
  EXPECT_THAT(a->decide({.path = "a", .wanted = update}).granting_policies, ElementsAre("p2"));
  const Decision denied = a->decide({.path = "b", .wanted = read});
  EXPECT_EQ(denied.reason, Reason::denied);
  EXPECT_EQ(denied.policy, "p3");
  EXPECT_EQ(denied.rule, "b");
  EXPECT_TRUE(denied.granting_policies.empty());
  EXPECT_EQ(a->capabilities("b"), deny);
}

TEST(Acl, SaysWhy) {
  const auto a = acl({R"(path "a/*" { capabilities = ["read"] })"});
  EXPECT_EQ(a->decide({.path = "b", .wanted = read}).reason, Reason::no_rule);
  EXPECT_EQ(a->decide({.path = "a/b", .wanted = update}).reason, Reason::missing_capability);
  EXPECT_EQ(a->decide({.path = "a/b", .wanted = update}).rule, "a/*");
  EXPECT_EQ(a->decide({.path = "a/b", .wanted = read, .needs_sudo = true}).reason, Reason::missing_sudo);
  EXPECT_EQ(a->decide({.path = "a/b", .wanted = read}).reason, Reason::granted);
  EXPECT_EQ(a->decide({.path = "a/b", .wanted = 0}).reason, Reason::missing_capability);
}

TEST(Acl, RootMayAll) {
  const auto a = Acl::compile({}, true, nullptr);
  const Decision d = a->decide({.path = "sys/seal", .wanted = update, .needs_sudo = true});
  EXPECT_TRUE(d.allowed);
  EXPECT_TRUE(d.root);
  EXPECT_THAT(d.granting_policies, ElementsAre("root"));
  EXPECT_TRUE(a->is_root());
  EXPECT_EQ(a->resultant_json(), R"({"root":true})");
}

TEST(Acl, LegacyWords) {
  const auto a =
      acl({R"(path "r" { policy = "read" } path "w" { policy = "write" } path "s" { policy = "sudo" } path "d" { policy = "deny" })"});
  EXPECT_EQ(a->capabilities("r"), read | list);
  EXPECT_EQ(a->capabilities("w"), create | read | update | del | list);
  EXPECT_EQ(a->capabilities("s"), create | read | update | del | list | sudo);
  EXPECT_EQ(a->capabilities("d"), deny);
}

TEST(Acl, WrappingTtls) {
  const auto a = acl({R"(path "kv1/wrap/*" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = "5m" })",
                      R"(path "kv1/wrap/*" { capabilities = ["list"] max_wrapping_ttl = 180 })"});
  const auto with = [&](std::optional<Seconds> ttl) { return a->decide({.path = "kv1/wrap/a", .wanted = read, .wrap_ttl = ttl}).allowed; };
  EXPECT_FALSE(with(std::nullopt));
  EXPECT_FALSE(with(Seconds(30)));
  EXPECT_TRUE(with(Seconds(120)));
  EXPECT_TRUE(with(Seconds(180)));
  EXPECT_FALSE(with(Seconds(181)));
}

TEST(Acl, RulesExpire) {
  const Time then = parse_rfc3339("2030-01-01T00:00:00Z").value();
  const std::vector<std::string> texts = {R"(path "a" { capabilities = ["read"] expiration = "2030-01-01T00:00:00Z" }
                                             path "*" { capabilities = ["update"] }
                                             path "b" { capabilities = ["deny"] expiration = "2030-01-01T00:00:00Z" })"};
  const auto before = acl(texts, nullptr, then - Seconds(1)), after = acl(texts, nullptr, then), unknown = acl(texts);
  EXPECT_TRUE(allows(*before, "a", read));
  EXPECT_EQ(before->changes_at(), then);
  EXPECT_FALSE(allows(*before, "b", update));
  EXPECT_FALSE(allows(*after, "a", read));
  EXPECT_TRUE(allows(*after, "b", update));
  EXPECT_EQ(after->changes_at(), std::nullopt);
  EXPECT_FALSE(allows(*unknown, "a", read));
  EXPECT_FALSE(allows(*unknown, "b", update));
}

TEST(Acl, PaginationLimit) {  // security.md E10
  const auto a = acl({R"(path "a/*" { capabilities = ["list"] pagination_limit = 10 })"});
  for (const auto& [body, expected] : std::vector<std::pair<std::string, bool>>{{R"({"limit": 10})", true},
                                                                                {R"({"limit": "7"})", true},
                                                                                {R"({"limit": 11})", false},
                                                                                {R"({"limit": 0})", false},
                                                                                {R"({"limit": -1})", false},
                                                                                {"{}", false}}) {
    const auto document = json::Document::parse(body).value();
    EXPECT_EQ(a->decide({.path = "a/b/", .wanted = list, .parameters = document.root()}).allowed, expected) << body;
  }
}

TEST(Acl, ReachesMountsWithAnyGrant) {
  const auto a = acl(
      {R"(path "kv/data/app" { capabilities = ["read"] } path "one/*" { capabilities = ["deny"] } path "+/x/y" { capabilities = ["read"] }
                         path "pre" { capabilities = ["read"] } path "tra*" { capabilities = ["read"] }
                         path "deep/er/*" { capabilities = ["list"] })"});
  EXPECT_TRUE(a->reaches("kv/"));
  EXPECT_TRUE(a->reaches("anything/"));  // +/x/y
  EXPECT_TRUE(a->reaches("transit/"));
  EXPECT_TRUE(a->reaches("deep/"));
  const auto b = acl(
      {R"(path "one/*" { capabilities = ["deny"] } path "one/two" { capabilities = ["deny"] } path "k/+/x*" { capabilities = ["read"] })"});
  EXPECT_FALSE(b->reaches("one/"));
  EXPECT_TRUE(b->reaches("k/"));
  EXPECT_TRUE(b->reaches("k/a/xx"));
  EXPECT_FALSE(b->reaches("k/a/y/"));
  EXPECT_FALSE(b->reaches("other/"));
}

TEST(Acl, ResultantJson) {
  const auto a = acl({std::string(default_policy_text()),
                      R"(path "kv2/data/pub/*" { capabilities = ["read","create","update"] } path "kv1/*" { capabilities = ["read","list"] }
                       path "w" { capabilities = ["update"] max_wrapping_ttl = "5m" 
                         allowed_parameters = { "a" = ["x", 1, true] "*" = [] } required_parameters = ["a"] })"});
  const std::string text = a->resultant_json();
  const auto document = json::Document::parse(text).value();
  const auto root = document.root();
  EXPECT_EQ(root.find("root")->raw(), "false");
  EXPECT_EQ(root.find("glob_paths")->find("cubbyhole/")->raw(), R"({"capabilities":["create","delete","list","read","update"]})");
  EXPECT_EQ(root.find("glob_paths")->size(), 4u);
  EXPECT_EQ(root.find("exact_paths")->size(), 12u);
  EXPECT_EQ(
      root.find("exact_paths")->find("w")->raw(),
      R"({"capabilities":["update"],"max_wrapping_ttl":300,"allowed_parameters":{"a":["x",1,true],"*":[]},"required_parameters":["a"]})");
}

TEST(Acl, NearestRules) {
  const auto a = acl(
      {R"(path "kv/app/*" { capabilities = ["read"] } path "kv/data/dev/*" { capabilities = ["read"] }
          path "sys/mounts" { capabilities = ["read"] })"});
  const auto near = a->nearest_rules("kv/data/app/db");
  ASSERT_FALSE(near.empty());
  EXPECT_EQ(near[0].rule, "kv/app/*");
  EXPECT_EQ(near[0].policy, "p1");
  EXPECT_EQ(a->nearest_rules("kv/data/prod/db").at(0).rule, "kv/data/dev/*");
  EXPECT_TRUE(a->nearest_rules("transit/keys/x").empty());
  const auto b = acl({R"(path "kv/data/b" { capabilities = ["read"] } path "cubbyhole/*" { capabilities = ["read"] })"});
  ASSERT_EQ(b->nearest_rules("kv/data/a").size(), 1u);  // its neighbour, and no rule about another mount
  EXPECT_EQ(b->nearest_rules("kv/data/a")[0].rule, "kv/data/b");
}

}  // namespace
}  // namespace coffer::policy
