#include "core/access_keys/ring.h"

#include <gtest/gtest.h>

#include "backend/testing.h"
#include "core/access_keys/principal.h"
#include "core/access_keys/roles.h"
#include "policy/iam.h"

namespace coffer::core {
namespace {

class Ring : public ::testing::Test {
 protected:
  Ring() {
    AccessKey key;
    key.id = "AKIAEXAMPLE";
    key.secret = SecretBytes::copy_of("right");
    key.token_id = token_id;
    key.mount = "m";
    EXPECT_TRUE(put_access_key(store, key));
  }
  void change(const std::function<void(AccessKey&)>& what) {
    auto key = find_access_key(store, "AKIAEXAMPLE").value();
    what(*key);
    ASSERT_TRUE(put_access_key(store, *key));
    ring.invalidate("id/AKIAEXAMPLE", ++position);
  }
  // A client that signs with `secret`.
  Result<std::string> ask(const std::string& id, const std::string& secret, const std::string& session = "") {
    Claim claim{id, session, [&](const KeySecret& known) {
                  ++verified;
                  return known.text().reveal_text() == secret;
                }};
    return TRY(ring.resolve(claim, store, position, *keys, clock.now())).token_id;
  }
  std::string why(const Result<std::string>& answer) { return answer ? "" : answer.error().type; }

  const std::string token_id = std::string(64, 'a');
  coffer::testing::MemoryTransaction store;
  coffer::testing::CountingRandom random;
  ManualClock clock;
  std::unique_ptr<token::Keys> keys =
      token::Keys::make(SecretBytes::copy_of("hash key"), SecretBytes::copy_of(std::string(32, 'k')), random);
  KeyRing ring{100, random};
  storage::Position position = 1;
  int verified = 0;
};

TEST_F(Ring, FindsTheTokenOfAKey) {
  EXPECT_EQ(ask("AKIAEXAMPLE", "right").value(), token_id);
  const int reads = store.gets;
  EXPECT_EQ(ask("AKIAEXAMPLE", "right").value(), token_id);
  EXPECT_EQ(store.gets, reads);  // from memory
}

TEST_F(Ring, VerifiesOnceWhateverIsWrong) {
  EXPECT_EQ(why(ask("AKIAEXAMPLE", "wrong")), claim_wrong);
  EXPECT_EQ(verified, 1);
  EXPECT_EQ(why(ask("AKIAOTHER", "right")), claim_unknown);
  EXPECT_EQ(verified, 2);
  EXPECT_EQ(why(ask("../id/AKIAEXAMPLE", "right")), claim_unknown);
  EXPECT_EQ(verified, 3);
  EXPECT_EQ(why(ask("AKIAEXAMPLE", "right", "CofferSession1.AAAA")), claim_unknown);
  EXPECT_EQ(verified, 4);
  change([](AccessKey& key) { key.disabled = true; });
  EXPECT_EQ(why(ask("AKIAEXAMPLE", "right")), claim_unknown);
  EXPECT_EQ(verified, 5);
  // That it is disabled is told only to who has its secret.
  EXPECT_EQ(why(ask("AKIAEXAMPLE", "wrong")), claim_wrong);
}

TEST_F(Ring, FollowsChanges) {
  EXPECT_TRUE(ask("AKIAEXAMPLE", "right"));
  change([](AccessKey& key) { key.secret = SecretBytes::copy_of("new"); });
  EXPECT_EQ(why(ask("AKIAEXAMPLE", "right")), claim_wrong);
  EXPECT_TRUE(ask("AKIAEXAMPLE", "new"));
  AccessKey gone;
  gone.id = "AKIAEXAMPLE";
  gone.mount = "m";
  erase_access_key(store, gone);
  ring.invalidate("id/AKIAEXAMPLE", ++position);
  EXPECT_EQ(why(ask("AKIAEXAMPLE", "new")), claim_unknown);
  EXPECT_TRUE(store.values.empty());
}

TEST_F(Ring, SessionsAreOfTheirTokenAndTime) {
  const auto session = make_session(*keys, token_id, clock.now() + Seconds(900), random);
  const std::string secret(session.secret.reveal_text());
  EXPECT_TRUE(session.key_id.starts_with("ASIA"));
  EXPECT_EQ(session.key_id.size(), 20u);
  EXPECT_EQ(secret.size(), 40u);
  EXPECT_EQ(ask(session.key_id, secret, session.session_token).value(), token_id);
  EXPECT_EQ(why(ask(session.key_id, "other", session.session_token)), claim_wrong);
  EXPECT_EQ(why(ask(session.key_id, secret)), claim_unknown);  // without its session token it is nothing
  EXPECT_EQ(why(ask("ASIAOTHEROTHEROTHER2", secret, session.session_token)), claim_unknown);
  clock.advance(Seconds(900));
  EXPECT_EQ(why(ask(session.key_id, secret, session.session_token)), claim_expired);
  EXPECT_EQ(why(ask(session.key_id, "other", session.session_token)), claim_wrong);
}

TEST_F(Ring, RolesJudgeTheirSessionsAsTheyAreNow) {
  const std::string role = role_key("m", "shop");
  const auto document = [&](const char* id = "1") { return ring.document_of_role(role_reference(role, id), store, position); };
  EXPECT_EQ(document().error().type, std::string(claim_unknown));
  KeptRole kept;
  kept.id = "1";
  ASSERT_TRUE(put_key_role(store, role, kept));
  ring.invalidate("role/" + role, ++position);
  EXPECT_EQ(document().value(), nullptr);
  kept.role.policy_document = R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]})";
  ASSERT_TRUE(put_key_role(store, role, kept));
  ring.invalidate("role/" + role, ++position);
  ASSERT_NE(document().value(), nullptr);
  EXPECT_EQ(document().value()->statements.size(), 1u);
  const int reads = store.gets;
  EXPECT_TRUE(document());
  EXPECT_EQ(store.gets, reads);  // from memory
  EXPECT_EQ(document("2").error().type, std::string(claim_unknown));  // of a role that had the name before
  EXPECT_EQ(key_roles_of(store, "m", "", 10).value(), std::vector<std::string>{"shop"});
  erase_key_role(store, role);
  ring.invalidate("role/" + role, ++position);
  EXPECT_EQ(document().error().type, std::string(claim_unknown));
}

TEST_F(Ring, EachChangeOfASessionTokenHasAnotherSecret) {
  const auto session = make_session(*keys, token_id, clock.now() + Seconds(900), random);
  for (std::size_t i = 0; i < session.session_token.size(); ++i) {
    std::string changed = session.session_token;
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(ask(session.key_id, std::string(session.secret.reveal_text()), changed)) << i;
  }
}

TEST_F(Ring, NotesUsesAtMostOnceAMinute) {
  EXPECT_FALSE(ring.last_use("AKIAEXAMPLE"));
  (void)ask("AKIAEXAMPLE", "wrong");
  EXPECT_FALSE(ring.last_use("AKIAEXAMPLE"));  // only who has the secret uses it
  const Time first = clock.now();
  EXPECT_TRUE(ask("AKIAEXAMPLE", "right"));
  clock.advance(Seconds(59));
  EXPECT_TRUE(ask("AKIAEXAMPLE", "right"));
  EXPECT_EQ(ring.last_use("AKIAEXAMPLE"), first);
  clock.advance(Seconds(1));
  EXPECT_TRUE(ask("AKIAEXAMPLE", "right"));
  EXPECT_EQ(ring.last_use("AKIAEXAMPLE"), clock.now());
}

TEST(KeySecret, DerivesOnceForEachScope) {
  const KeySecret secret(SecretBytes::copy_of("s"));
  int made = 0;
  const auto make = [&] {
    ++made;
    return std::make_shared<const crypto::HmacSha256>(std::as_bytes(std::span("k", 1)));
  };
  const auto first = secret.derived("a", make);
  EXPECT_EQ(secret.derived("a", make), first);
  EXPECT_EQ(made, 1);
  for (const char* scope : {"b", "c", "d", "e"}) (void)secret.derived(scope, make);
  EXPECT_NE(secret.derived("a", make), first);  // the oldest made room
}

TEST(Principal, NamesUsersRolesAndRoot) {
  ActionScope scope;
  scope.partition = "aws";
  scope.account = "123456789012";
  token::Record token;
  token.display_name = "token-x";
  token.policies = {"default"};
  token.id = std::string(64, 'a');
  const std::string user = "arn:aws:iam::123456789012:user/";
  EXPECT_EQ(principal_arn(scope, token), user + "token/" + std::string(20, 'a'));
  token.meta = {{std::string(principal_meta), "assumed-role/r/s"}};
  EXPECT_EQ(principal_arn(scope, token), user + "token/" + std::string(20, 'a'));
  // Anybody may write metadata: what a login method of another kind, or nobody, vouches for says nothing.
  for (const std::string_view accessor : {"auth_approle_1a2b3c4d", "auth_aws-keys2_1a2b3c4d", "aws-keys_1a2b3c4d"}) {
    token.mount_accessor = accessor;
    EXPECT_EQ(principal_arn(scope, token), user + "token-x") << accessor;
  }
  // Whatever stands in a name, it is one part of the ARN.
  struct Case {
    const char *display, *alias, *told;
  };
  for (const Case& one : {Case{"userpass-ann", "ann", "userpass/ann"}, Case{"userpass-prod-ann", "prod-ann", "userpass/prod-ann"}, Case{"userpass-prod-ann", "ann", "userpass-prod/ann"},
                          Case{"userpass-bob:root", "bob:root", "userpass/bob=3Aroot"}, Case{"userpass-a/b", "a/b", "userpass/a=2Fb"}, Case{"userpass-a=2Fb", "a=2Fb", "userpass/a=3D2Fb"},
                          Case{"approle", "role-id", "approle/role-id"}}) {
    token.display_name = one.display;
    token.alias_name = one.alias;
    EXPECT_EQ(principal_arn(scope, token), user + one.told);
  }
  token.mount_accessor = "auth_aws-keys_1a2b3c4d";
  EXPECT_EQ(principal_arn(scope, token), "arn:aws:sts::123456789012:assumed-role/r/s");
  token.meta = {{std::string(principal_meta), "user/ann"}};
  EXPECT_EQ(principal_arn(scope, token), "arn:aws:iam::123456789012:user/ann");
}

}  // namespace
}  // namespace coffer::core
