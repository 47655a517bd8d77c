#include "core/acl_cache.h"

#include <gtest/gtest.h>

namespace coffer::core {
namespace {

policy::PolicyPtr parsed(std::string_view name, std::string_view text) {
  auto policy = policy::parse(name, text);
  EXPECT_TRUE(policy.has_value()) << (policy ? "" : policy.error().message);
  return *policy;
}

policy::IdentityContext entity(std::string id) {
  policy::IdentityContext out;
  out.entity_id = std::move(id);
  return out;
}

constexpr Time start{std::chrono::hours(500'000)};

TEST(AclCache, SharesOneSetAmongTokensOfTheSamePolicies) {
  AclCache cache;
  const auto a = parsed("a", R"(path "kv/a" { capabilities = ["read"] })"), b = parsed("b", R"(path "kv/b" { capabilities = ["read"] })");
  const auto alice = entity("alice"), bob = entity("bob");
  const auto set = cache.get({a, b}, false, &alice, start);
  EXPECT_EQ(set, cache.get({a, b}, false, &bob, start));
  EXPECT_EQ(set, cache.get({a, b}, false, nullptr, start));
  EXPECT_NE(set, cache.get({a}, false, nullptr, start));
  EXPECT_NE(set, cache.get({a, b}, true, nullptr, start));
  EXPECT_TRUE(cache.get({a, b}, true, nullptr, start)->is_root());
  EXPECT_FALSE(set->is_root());
}

TEST(AclCache, KeepsIdentitiesApartWhereAPathIsTemplated) {
  AclCache cache;
  const auto own = parsed("own", R"(path "kv/{{identity.entity.id}}" { capabilities = ["read"] })");
  auto alice = entity("alice");
  const auto bob = entity("bob");
  const auto hers = cache.get({own}, false, &alice, start), his = cache.get({own}, false, &bob, start);
  EXPECT_EQ(hers->capabilities("kv/alice"), policy::read);
  EXPECT_EQ(hers->capabilities("kv/bob"), policy::deny);
  EXPECT_EQ(his->capabilities("kv/bob"), policy::read);
  EXPECT_EQ(hers, cache.get({own}, false, &alice, start));
  alice.entity_name = "renamed";
  EXPECT_NE(hers, cache.get({own}, false, &alice, start));
  EXPECT_EQ(cache.get({own}, false, nullptr, start)->capabilities("kv/alice"), policy::deny);
}

TEST(AclCache, CompilesAnewOnceARuleHasExpired) {
  AclCache cache;
  const auto brief = parsed("brief", "path \"kv/a\" {\n  capabilities = [\"read\"]\n  expiration = \"" + rfc3339(start + std::chrono::hours(1)) + "\"\n}");
  EXPECT_EQ(cache.get({brief}, false, nullptr, start)->capabilities("kv/a"), policy::read);
  EXPECT_EQ(cache.get({brief}, false, nullptr, start + std::chrono::hours(2))->capabilities("kv/a"), policy::deny);
}

}  // namespace
}  // namespace coffer::core
