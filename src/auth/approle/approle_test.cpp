#include "auth/approle/approle.h"

#include <gtest/gtest.h>

#include "auth/approle/records.h"
#include "backend/testing.h"

namespace coffer {
namespace {

using testing::Answered;
using testing::TestMount;

std::string member(const Answered& answer, std::string_view name) {
  const auto document = json::Document::parse(answer.data);
  if (!document) return "?";
  const auto found = document->root().find(name);
  return found ? std::string(found->is_string() ? found->text() : found->raw()) : "?";
}

class Approle : public ::testing::Test {
 protected:
  TestMount m{make_approle, "approle"};
  void SetUp() override {
    EXPECT_TRUE(m.write("role/web", R"({"token_policies":["p"],"token_ttl":"1h","token_max_ttl":"2h"})").created);
    role_id = member(m.read("role/web/role-id"), "role_id");
  }
  Answered secret(std::string_view body = "") { return m.write("role/web/secret-id", body); }
  Answered login(std::string_view id, std::string_view secret_id) {
    return m.write("login", R"({"role_id":")" + std::string(id) + R"(","secret_id":")" + std::string(secret_id) + "\"}");
  }
  std::string role_id;
};

TEST_F(Approle, KeepsRoles) {
  EXPECT_EQ(role_id.size(), 36u);
  EXPECT_EQ(m.read("role/WEB").data,
            R"({"bind_secret_id":true,"local_secret_ids":false,"secret_id_bound_cidrs":null,"secret_id_num_uses":0,"secret_id_ttl":0,)"
            R"("token_ttl":3600,"token_max_ttl":7200,"token_explicit_max_ttl":0,"token_period":0,"token_policies":["p"],"token_bound_cidrs":[],)"
            R"("token_no_default_policy":false,"token_num_uses":0,"token_type":"default","token_strictly_bind_ip":false})");
  EXPECT_EQ(m.list("role").data, R"({"keys":["web"]})");
  EXPECT_EQ(m.write("role/web", R"({"token_ttl":"3h"})").error, "'token_ttl' cannot be greater than 'token_max_ttl'");
  EXPECT_EQ(m.write("role/web", R"({"local_secret_ids":true})").error, "local_secret_ids can only be modified during role creation");
  EXPECT_EQ(m.write("role/open", R"({"bind_secret_id":false})").error, "at least one constraint should be enabled on the role");
  EXPECT_EQ(m.write("role/web", R"({"token_max_ttl":"1000h"})").warnings.size(), 1u);
  EXPECT_EQ(m.read("role/none").status, 404);
  EXPECT_EQ(m.remove("role/none").status, 204);
  EXPECT_EQ(m.remove("role/web").status, 204);
  EXPECT_EQ(m.list("role").status, 404);
  EXPECT_EQ(m.list("role/web/secret-id").status, 404);
  EXPECT_EQ(m.store.values.size(), 1u);  // the mount's key
}

TEST_F(Approle, LogsIn) {
  const Answered made = secret(R"({"metadata":"{\"team\":\"red\"}"})");
  EXPECT_EQ(member(made, "secret_id").size(), 36u);
  EXPECT_EQ(member(made, "secret_id_ttl"), "0");
  const Answered got = login(role_id, member(made, "secret_id"));
  ASSERT_TRUE(got.login);
  EXPECT_EQ(got.login->alias_name, role_id);
  EXPECT_EQ(got.login->display_name, "");
  EXPECT_EQ(got.login->metadata, (schema::StringMap{{"role_name", "web"}, {"team", "red"}}));
  EXPECT_EQ(got.login->token.token_ttl, Seconds(3600));
  EXPECT_EQ(got.lockout_name, role_id);
  for (const auto& [key, value] : m.store.values) {
    EXPECT_EQ(key.find(member(made, "secret_id")), std::string::npos);
    EXPECT_EQ(value.find(member(made, "secret_id")), std::string::npos);
  }
  EXPECT_EQ(m.write("login", "").error, "missing role_id");
  EXPECT_EQ(m.write("login", R"({"role_id":"","secret_id":"x"})").error, "missing role_id");
  EXPECT_EQ(m.write("login", R"({"role_id":")" + role_id + "\"}").error, "missing secret_id");
  EXPECT_EQ(m.write("login", R"({"role_id":"unknown"})").error, "missing secret_id");
  EXPECT_EQ(m.write("login", R"({"role_id":["a"]})").status, 400);
}

TEST_F(Approle, HasOneTextForEveryWrongCredential) {
  const std::string good = member(secret(), "secret_id"), once = member(secret(R"({"num_uses":1})"), "secret_id"),
                    brief = member(secret(R"({"ttl":"1s"})"), "secret_id"), far = member(secret(R"({"cidr_list":["10.9.9.9/32"]})"), "secret_id");
  EXPECT_TRUE(login(role_id, once).login);
  EXPECT_TRUE(login(role_id, brief).login);
  m.clock.advance(Seconds(1));
  for (const Answered& a : {login("none", good), login(role_id, "wrong"), login(role_id, once), login(role_id, brief), login(role_id, far)}) {
    EXPECT_EQ(a.error, "invalid role or secret ID");
    EXPECT_EQ(a.status, 400);
  }
  EXPECT_TRUE(login(role_id, good).login);
}

TEST_F(Approle, EndsToTheNanosecond) {
  const std::string id = member(secret(R"({"ttl":"2s"})"), "secret_id");
  m.clock.advance(Seconds(2) - Duration(1));
  EXPECT_TRUE(login(role_id, id).login);
  m.clock.advance(Duration(1));
  EXPECT_FALSE(login(role_id, id).login);
  EXPECT_EQ(m.write("role/web/secret-id/lookup", R"({"secret_id":")" + id + "\"}").status, 204);
}

TEST_F(Approle, CountsUses) {
  const Answered made = secret(R"({"num_uses":2})");
  const std::string id = member(made, "secret_id");
  EXPECT_TRUE(login(role_id, id).login);
  EXPECT_EQ(member(m.write("role/web/secret-id/lookup", R"({"secret_id":")" + id + "\"}"), "secret_id_num_uses"), "1");
  EXPECT_TRUE(login(role_id, id).login);
  EXPECT_FALSE(login(role_id, id).login);
  EXPECT_EQ(m.list("role/web/secret-id").status, 404);
}

TEST_F(Approle, LooksUpAndDestroys) {
  const Answered made = secret(R"({"metadata":{"a":"b"},"cidr_list":["127.0.0.1/32"],"ttl":"1h"})");
  const std::string id = R"({"secret_id":")" + member(made, "secret_id") + "\"}";
  const std::string accessor = R"({"secret_id_accessor":")" + member(made, "secret_id_accessor") + "\"}";
  const Answered seen = m.write("role/web/secret-id/lookup", id);
  EXPECT_EQ(seen.data, R"({"cidr_list":["127.0.0.1/32"],"creation_time":"2027-01-15T08:00:00Z","expiration_time":"2027-01-15T09:00:00Z",)"
                       R"("last_updated_time":"2027-01-15T08:00:00Z","metadata":{"a":"b"},"secret_id_accessor":")" +
                           member(made, "secret_id_accessor") + R"(","secret_id_num_uses":0,"secret_id_ttl":3600,"token_bound_cidrs":[]})");
  EXPECT_EQ(m.write("role/web/secret-id-accessor/lookup", accessor).data, seen.data);
  EXPECT_EQ(m.write("role/web/secret-id/lookup", R"({"secret_id":"none"})").status, 204);
  const Answered unknown = m.write("role/web/secret-id-accessor/lookup", R"({"secret_id_accessor":"x"})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.data, R"({"error":"failed to find accessor entry for secret_id_accessor: \"x\""})");
  EXPECT_EQ(m.write("role/web/secret-id-accessor/lookup", R"({"secret_id_accessor":"../x/y"})").status, 404);
  EXPECT_EQ(m.write("role/web/secret-id/destroy", R"({"secret_id":"none"})").status, 204);
  m.write("role/other", R"({})");
  EXPECT_EQ(m.write("role/other/secret-id-accessor/destroy", accessor).status, 404);
  EXPECT_EQ(m.write("role/other/secret-id-accessor/lookup", accessor).status, 404);
  EXPECT_TRUE(login(role_id, member(made, "secret_id")).login);
  EXPECT_EQ(m.write("role/web/secret-id-accessor/destroy", accessor).status, 204);
  EXPECT_FALSE(login(role_id, member(made, "secret_id")).login);
  const std::string again = member(secret(), "secret_id");
  EXPECT_EQ(m.remove("role/web/secret-id/destroy", R"({"secret_id":")" + again + "\"}").status, 204);
  EXPECT_FALSE(login(role_id, again).login);
}

TEST_F(Approle, TakesGivenIds) {
  const Answered made = m.write("role/web/custom-secret-id", R"({"secret_id":"chosen-by-me","ttl":"5s"})");
  EXPECT_EQ(member(made, "secret_id"), "chosen-by-me");
  EXPECT_TRUE(login(role_id, "chosen-by-me").login);
  EXPECT_EQ(m.write("role/web/custom-secret-id", R"({"secret_id":"chosen-by-me"})").error, "SecretID is already registered");
  m.clock.advance(Seconds(5));
  EXPECT_EQ(m.write("role/web/custom-secret-id", R"({"secret_id":"chosen-by-me"})").status, 200);
  EXPECT_EQ(m.write("role/web/secret-id-accessor/lookup", R"({"secret_id_accessor":")" + member(made, "secret_id_accessor") + "\"}").status, 404);
  EXPECT_EQ(m.write("role/web/role-id", R"({"role_id":"mine"})").status, 204);
  EXPECT_TRUE(login("mine", "chosen-by-me").login);
  EXPECT_FALSE(login(role_id, "chosen-by-me").login);
  EXPECT_EQ(m.write("role/other", R"({"role_id":"mine"})").error, "role_id is in use by another role");
  EXPECT_EQ(m.write("role/other", R"({"role_id":"theirs"})").status, 204);
  EXPECT_EQ(member(m.read("role/other/role-id"), "role_id"), "theirs");
}

TEST_F(Approle, HoldsSecretIdsToTheRole) {
  m.write("role/web", R"({"secret_id_ttl":"1h","secret_id_num_uses":3,"secret_id_bound_cidrs":["10.0.0.0/8"]})");
  EXPECT_EQ(secret(R"({"ttl":"2h"})").error, "ttl cannot be longer than the role's secret_id_ttl");
  EXPECT_EQ(secret(R"({"ttl":0})").error, "ttl cannot be longer than the role's secret_id_ttl");
  EXPECT_EQ(secret(R"({"num_uses":5})").error, "num_uses cannot be higher than the role's secret_id_num_uses");
  EXPECT_EQ(secret(R"({"num_uses":0})").status, 400);
  EXPECT_EQ(secret(R"({"metadata":"nonsense"})").error, "failed to parse metadata: failed to parse the input: invalid <key,value> format");
  EXPECT_NE(secret(R"({"cidr_list":["11.0.0.0/16"]})").error.find("subset"), std::string::npos);
  const Answered made = secret();
  EXPECT_EQ(member(made, "secret_id_ttl"), "3600");
  EXPECT_EQ(member(made, "secret_id_num_uses"), "3");
  EXPECT_FALSE(login(role_id, member(made, "secret_id")).login);  // from 127.0.0.1
  m.caller.remote_address = "10.1.1.1";
  EXPECT_TRUE(login(role_id, member(made, "secret_id")).login);
  const Answered none = m.write("role/none/secret-id", "");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.error, "role \"none\" does not exist");
}

TEST_F(Approle, LogsInWithoutSecretIdWhereAllowed) {
  EXPECT_EQ(m.write("role/web/bind-secret-id", R"({"bind_secret_id":false})").status, 400);
  m.write("role/web/secret-id-bound-cidrs", R"({"secret_id_bound_cidrs":["127.0.0.0/8"]})");
  EXPECT_EQ(m.write("role/web/bind-secret-id", R"({"bind_secret_id":false})").status, 204);
  EXPECT_TRUE(m.write("login", R"({"role_id":")" + role_id + "\"}").login);
  EXPECT_EQ(m.remove("role/web/secret-id-bound-cidrs").status, 400);
  EXPECT_EQ(m.remove("role/web/bind-secret-id").status, 204);
  EXPECT_EQ(m.write("login", R"({"role_id":")" + role_id + "\"}").error, "missing secret_id");
}

TEST_F(Approle, ServesParts) {
  struct Part {
    std::string_view path, sent, shown, initial;
  };
  for (const Part& p : {Part{"policies", R"({"token_policies":["p2","p1"]})", R"({"token_policies":["p1","p2"]})", R"({"token_policies":[]})"},
                        {"policies", R"({"policies":"b"})", R"({"token_policies":["b"],"policies":["b"]})", R"({"token_policies":[]})"},
                        {"period", R"({"period":"2h"})", R"({"token_period":7200,"period":7200})", R"({"token_period":0})"},
                        {"token-ttl", R"({"token_ttl":"10m"})", R"({"token_ttl":600})", R"({"token_ttl":0})"},
                        {"token-max-ttl", R"({"token_max_ttl":"5h"})", R"({"token_max_ttl":18000})", R"({"token_max_ttl":0})"},
                        {"token-num-uses", R"({"token_num_uses":7})", R"({"token_num_uses":7})", R"({"token_num_uses":0})"},
                        {"token-bound-cidrs", R"({"token_bound_cidrs":"127.0.0.1/32"})", R"({"token_bound_cidrs":["127.0.0.1"]})", R"({"token_bound_cidrs":[]})"},
                        {"secret-id-num-uses", R"({"secret_id_num_uses":"9"})", R"({"secret_id_num_uses":9})", R"({"secret_id_num_uses":0})"},
                        {"secret-id-ttl", R"({"secret_id_ttl":"3h"})", R"({"secret_id_ttl":10800})", R"({"secret_id_ttl":0})"},
                        {"bound-cidr-list", R"({"bound_cidr_list":"10.0.0.0/8"})", R"({"bound_cidr_list":["10.0.0.0/8"]})", R"({"bound_cidr_list":[]})"}}) {
    const std::string path = "role/web/" + std::string(p.path);
    EXPECT_EQ(m.write(path, p.sent).status, 204) << path;
    EXPECT_EQ(m.read(path).data, p.shown);
    EXPECT_EQ(m.remove(path).status, 204) << path;
    EXPECT_EQ(m.read(path).data, p.initial);
    EXPECT_EQ(m.write(path, "{}").status, 400);
    EXPECT_EQ(m.write("role/none/" + std::string(p.path), p.sent).status, 404);
    EXPECT_EQ(m.read("role/none/" + std::string(p.path)).status, 404);
  }
  EXPECT_EQ(m.read("role/web/local-secret-ids").data, R"({"local_secret_ids":false})");
  EXPECT_EQ(m.write("role/old", R"({"policies":"b,a","period":"1h","bound_cidr_list":""})").status, 204);
  const std::string old = m.read("role/old").data;
  EXPECT_NE(old.find(R"("policies":["a","b"],"period":3600})"), std::string::npos);
}

TEST_F(Approle, Tidies) {
  secret(R"({"ttl":"1s"})");
  const std::string kept = member(secret(), "secret_id");
  m.clock.advance(Seconds(2));
  const Answered done = m.write("tidy/secret-id", "");
  EXPECT_EQ(done.status, 202);
  ASSERT_EQ(done.warnings.size(), 1u);
  EXPECT_EQ(m.store.values.size(), 5u);  // key, role, id, and one secret id with its accessor
  EXPECT_TRUE(login(role_id, kept).login);
}

TEST_F(Approle, ErasesTheManySecretIdsOfADeletedRole) {
  for (int i = 0; i < 1100; ++i) secret();
  const std::string id = member(secret(), "secret_id");
  m.remove("role/web");
  m.write("role/web", R"({"role_id":"again"})");
  EXPECT_FALSE(login("again", id).login);
  EXPECT_EQ(m.list("role/web/secret-id").status, 404);
  const std::string fresh = member(secret(), "secret_id");
  EXPECT_EQ(m.write("tidy/secret-id", "").status, 202);
  EXPECT_EQ(m.store.values.size(), 5u);
  EXPECT_TRUE(login("again", fresh).login);
}

TEST_F(Approle, RenewsWhileTheRoleIsThere) {
  const Answered got = login(role_id, member(secret(), "secret_id"));
  ASSERT_TRUE(got.login);
  const LoginRecord record{got.login->internal, got.login->alias_name, {}, Seconds(0)};
  m.write("role/web", R"({"token_ttl":"30m"})");
  EXPECT_EQ(m.renew(record)->token_ttl, Seconds(1800));
  m.remove("role/web");
  EXPECT_FALSE(m.renew(record));
  m.write("role/web", "{}");
  EXPECT_FALSE(m.renew(record));
}

TEST(ApproleRecords, RefuseDamage) {
  approle::Role role;
  role.role_id = "r";
  role.generation = "g";
  role.token.token_policies.items = {"a", "b"};
  const std::string record = encode(role);
  EXPECT_EQ(encode(*approle::decode_role(record)), record);
  approle::SecretId secret;
  secret.accessor = "x";
  secret.metadata = {{"a", "b"}};
  secret.cidr_list = {"::1"};
  const std::string other = encode(secret);
  EXPECT_EQ(encode(*approle::decode_secret(other)), other);
  for (std::size_t n = 0; n < record.size(); ++n) EXPECT_FALSE(approle::decode_role(std::string_view(record).substr(0, n)));
  for (std::size_t n = 0; n < other.size(); ++n) EXPECT_FALSE(approle::decode_secret(std::string_view(other).substr(0, n)));
}

}  // namespace
}  // namespace coffer
