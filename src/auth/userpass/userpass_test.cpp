#include "auth/userpass/userpass.h"

#include <gtest/gtest.h>

#include "auth/userpass/bcrypt.h"
#include "backend/testing.h"

namespace coffer {
namespace {

using testing::Answered;
using testing::TestMount;

class Userpass : public ::testing::Test {
 protected:
  TestMount m{make_userpass, "userpass"};
  Answered login(std::string_view name, std::string_view password) {
    return m.write("login/" + std::string(name), R"({"password":")" + std::string(password) + "\"}");
  }
  void ann(std::string_view more = "") { EXPECT_EQ(m.write("users/ann", R"({"password":"pw1")" + std::string(more) + "}").status, 204); }
};

TEST_F(Userpass, KeepsUsers) {
  EXPECT_TRUE(m.write("users/ann", R"({"password":"pw1","token_policies":["reader"],"token_ttl":"1h","token_max_ttl":"2h","token_bound_cidrs":["127.0.0.1/32"]})").created);
  EXPECT_EQ(m.read("users/ANN").data,
            R"({"token_ttl":3600,"token_max_ttl":7200,"token_explicit_max_ttl":0,"token_period":0,"token_policies":["reader"],)"
            R"("token_bound_cidrs":["127.0.0.1"],"token_no_default_policy":false,"token_num_uses":0,"token_type":"default","token_strictly_bind_ip":false})");
  EXPECT_EQ(m.write("users/Bob", R"({"password":"pw2"})").status, 204);
  EXPECT_EQ(m.list("users").data, R"({"keys":["ann","bob"]})");
  EXPECT_EQ(m.list("users/", R"({"limit":1})").data, R"({"keys":["ann"]})");
  EXPECT_EQ(m.remove("users/BOB").status, 204);
  EXPECT_EQ(m.remove("users/bob").status, 204);
  EXPECT_EQ(m.read("users/bob").status, 404);
  EXPECT_EQ(m.read("users/bob%20 ").status, 400);
}

TEST_F(Userpass, RefusesBadUsers) {
  EXPECT_EQ(m.write("users/x", "{}").error, "must provide either password or password_hash");
  EXPECT_EQ(m.write("users/x", R"({"password":""})").error, "must provide either password or password_hash");
  ann();
  EXPECT_EQ(m.write("users/ann", R"({"token_ttl":-1})").error, "error converting input for field \"token_ttl\": cannot provide negative value '-1'");
  EXPECT_EQ(m.write("users/ann", R"({"token_ttl":"soon"})").error, "error converting input for field \"token_ttl\": time: invalid duration \"soon\"");
  EXPECT_EQ(m.write("users/ann", R"({"token_bound_cidrs":["a.b.c.d"]})").error,
            "error parsing address \"a.b.c.d\": Unable to convert \"a.b.c.d\" to an IPv4 or IPv6 address, or a UNIX Socket");
  EXPECT_EQ(m.write("users/ann", R"({"token_ttl":"3h","token_max_ttl":"2h"})").error, "'token_ttl' cannot be greater than 'token_max_ttl'");
  EXPECT_EQ(m.write("users/ann", R"({"password":")" + std::string(5000, 'x') + "\"}").error, "password is longer than 4096 bytes");
  EXPECT_EQ(m.write("users/none/password", R"({"password":"x"})").error, "username does not exist");
  EXPECT_EQ(m.write("users/none/policies", R"({"token_policies":"x"})").error, "username does not exist");
  EXPECT_EQ(m.write("users/ann/password", "{}").error, "must provide either password or password_hash");
  EXPECT_EQ(m.read("users/none").status, 404);
}

TEST_F(Userpass, LogsIn) {
  ann(R"(,"token_policies":"reader","token_ttl":"1h")");
  const Answered got = login("ANN", "pw1");
  ASSERT_TRUE(got.login);
  EXPECT_EQ(got.login->alias_name, "ann");
  EXPECT_EQ(got.login->display_name, "ann");
  EXPECT_EQ(got.login->metadata.at("username"), "ann");
  EXPECT_EQ(got.login->token.token_policies.items, std::vector<std::string>{"reader"});
  EXPECT_EQ(got.login->token.token_ttl, Seconds(3600));
  EXPECT_EQ(got.lockout_name, "ANN");
  for (const auto& wrong : {login("ann", "pw2"), login("nobody", "pw1"), login("ann", "")}) EXPECT_FALSE(wrong.login);
  EXPECT_EQ(login("ann", "pw2").error, "invalid username or password");
  EXPECT_EQ(login("nobody", "pw1").error, "invalid username or password");
  EXPECT_EQ(m.write("login/ann", "{}").error, "missing password");
  EXPECT_EQ(m.write("login/ann").error, "missing password");
  EXPECT_EQ(m.write("login/ann", R"({"password":["a"]})").status, 400);
  EXPECT_EQ(login("ann", std::string(5000, 'x')).error, "password is longer than 4096 bytes");
  EXPECT_EQ(m.read("login/ann").status, 405);
}

TEST_F(Userpass, ChangesPasswordAndPolicies) {
  ann();
  EXPECT_EQ(m.write("users/ann/password", R"({"password":"pw3"})").status, 204);
  EXPECT_FALSE(login("ann", "pw1").login);
  EXPECT_TRUE(login("ann", "pw3").login);
  EXPECT_EQ(m.write("users/ann/policies", R"({"token_policies":"default,denied"})").status, 204);
  EXPECT_NE(m.read("users/ann").data.find(R"("token_policies":["default","denied"])"), std::string::npos);
  EXPECT_EQ(m.write("users/ann", R"({"token_ttl":5})").status, 204);
  EXPECT_TRUE(login("ann", "pw3").login);
  for (const auto& [key, value] : m.store.values) EXPECT_EQ(value.find("pw3"), std::string::npos);
}

TEST_F(Userpass, NoticesAChangeDuringTheLogin) {
  ann();
  m.before_finish = [&] { m.store.erase("user/ann"); };
  const Answered gone = login("ann", "pw1");
  EXPECT_EQ(gone.error, "invalid username or password");
  EXPECT_FALSE(gone.login);
}

TEST_F(Userpass, BindsToAddresses) {
  ann(R"(,"token_bound_cidrs":"10.0.0.0/8")");
  EXPECT_EQ(login("ann", "pw1").status, 403);
  m.caller.remote_address = "10.1.2.3";
  EXPECT_TRUE(login("ann", "pw1").login);
}

TEST_F(Userpass, ReadsOlderNamesBack) {
  ann(R"(,"policies":"b,a","ttl":"1h","max_ttl":"2h","bound_cidrs":"127.0.0.1/32")");
  const std::string data = m.read("users/ann").data;
  for (const char* part : {R"("policies":["a","b"])", R"("token_policies":["a","b"])", R"("ttl":3600)", R"("token_ttl":3600)", R"("max_ttl":7200)",
                           R"("bound_cidrs":["127.0.0.1"])"})
    EXPECT_NE(data.find(part), std::string::npos) << part;
  m.write("users/ann", R"({"token_ttl":"30m","token_policies":["c"]})");
  const std::string after = m.read("users/ann").data;
  EXPECT_EQ(after.find("\"ttl\""), std::string::npos);
  EXPECT_EQ(after.find("\"policies\""), std::string::npos);
  EXPECT_NE(after.find(R"("token_policies":["c"])"), std::string::npos);
}

TEST_F(Userpass, TakesBcryptHashes) {
  // "U*U" in the reference vectors of crypt_blowfish.
  const std::string hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  ASSERT_TRUE(userpass::is_bcrypt(hash));
  EXPECT_TRUE(userpass::bcrypt_verify(hash, "U*U"));
  EXPECT_FALSE(userpass::bcrypt_verify(hash, std::string_view("U*U\0x", 5)));
  EXPECT_FALSE(userpass::is_bcrypt("$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
  EXPECT_EQ(m.write("users/ann", R"({"password_hash":")" + hash + "\"}").status, 204);
  EXPECT_FALSE(login("ann", "wrong").login);
  EXPECT_TRUE(login("ann", "U*U").login);
  EXPECT_NE(m.store.values.at("user/ann").find("$argon2id$"), std::string::npos);
  EXPECT_TRUE(login("ann", "U*U").login);
  EXPECT_NE(m.write("users/bob", R"({"password_hash":"plain"})").error.find("bcrypt"), std::string::npos);
  EXPECT_EQ(m.write("users/bob", R"({"password":"a","password_hash":")" + hash + "\"}").status, 400);
}

TEST_F(Userpass, RenewsWhileTheUserIsThere) {
  ann(R"(,"token_policies":"reader","token_ttl":"1h")");
  const std::vector<std::string> policies{"default", "reader"};
  EXPECT_EQ(m.renew({"", "ann", policies, Seconds(0)})->token_ttl, Seconds(3600));
  m.write("users/ann/policies", R"({"token_policies":"other"})");
  EXPECT_EQ(m.renew({"", "ann", policies, Seconds(0)}).error().message, "policies have changed, not renewing");
  m.remove("users/ann");
  EXPECT_FALSE(m.renew({"", "ann", policies, Seconds(0)}));
}

}  // namespace
}  // namespace coffer
