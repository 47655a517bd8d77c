#include <gtest/gtest.h>

#include "backend/testing.h"
#include "base/json.h"
#include "engines/kv/kv.h"

// The operations of Azure Key Vault on secrets, and how they share objects with the other doors.
namespace coffer {
namespace {

using testing::Answered;
using testing::TestMount;

constexpr std::string_view base = "https://v.vault.test:8200";

std::string q(std::string_view text) { return json::quoted(text); }

// Everything but what lies below "closed".
class Everything final : public Authority {
 public:
  [[nodiscard]] Permit says(std::string_view path, schema::Verb) const override {
    return path.contains("closed") || path.contains("Closed") ? Permit::silent : Permit::allowed;
  }
};

class Azure : public ::testing::Test {
 protected:
  Azure() {
    m.caller.authority = &everything;
    m.scope.account = base;
  }
  Answered act(std::string_view operation, const std::string& path, const std::string& body = "{}") {
    const Answered out = m.act("keyvault:" + std::string(operation), path, body);
    m.clock.advance(std::chrono::seconds(2));
    return out;
  }
  Answered set(const std::string& name, std::string_view value, const std::string& more = "") {
    return act("SetSecret", "data/" + name, R"({"value":)" + q(value) + (more.empty() ? "" : ",") + more + "}");
  }
  Answered get(const std::string& name, const std::string& version = "") {
    return act("GetSecret", "data/" + name, version.empty() ? "{}" : R"({"version":)" + q(version) + "}");
  }
  Answered update(const std::string& name, const std::string& body) { return act("UpdateSecret", "metadata/" + name, body); }
  Answered remove(const std::string& name) { return act("DeleteSecret", "metadata/" + name); }
  Answered deleted(const std::string& name) { return act("GetDeletedSecret", "metadata/" + name); }
  Answered recover(const std::string& name) { return act("RecoverDeletedSecret", "undelete/" + name); }
  Answered purge(const std::string& name) { return act("PurgeDeletedSecret", "destroy/" + name); }

  static std::string member(const Answered& out, std::initializer_list<std::string_view> path) {
    const auto document = json::Document::parse(out.data);
    if (!document) return "no document: " + out.type + ": " + out.error;
    json::Value value = document->root();
    for (const std::string_view name : path) {
      const auto found = value.find(name);
      if (!found) return "absent";
      value = *found;
    }
    return value.is_string() ? std::string(value.text()) : std::string(value.raw());
  }
  static std::string value(const Answered& out) { return out.error.empty() ? member(out, {"value"}) : out.type + ": " + out.error; }
  static std::string version(const Answered& out) {
    const std::string id = member(out, {"id"});
    return id.substr(id.rfind('/') + 1);
  }
  // The ids of a list below the vault's URL, "secrets/a secrets/b", and "+" where it goes on.
  static std::string ids(const Answered& out) {
    const auto document = json::Document::parse(out.data);
    if (!document) return out.type + ": " + out.error;
    std::string text;
    for (const json::Value& item : document->root().find("value")->elements())
      text += (text.empty() ? "" : " ") + std::string(item.find("id")->text().substr(base.size() + 1));
    return document->root().find("nextLink")->is_null() ? text : text + " +";
  }
  // The $skiptoken of a list's link, as a member of the next request's body.
  static std::string next(const Answered& out) {
    const std::string link = member(out, {"nextLink"});
    const auto from = link.find("$skiptoken=") + 11;
    return q("$skiptoken") + ":" + q(link.substr(from, link.find('&', from) - from));
  }

  Everything everything;
  TestMount m{make_kv2};
};

TEST_F(Azure, SetsAndGets) {
  const Answered first = set("a", "one");
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.created);
  EXPECT_EQ(member(first, {"value"}), "one");
  EXPECT_EQ(member(first, {"id"}), std::string(base) + "/secrets/a/" + version(first));
  EXPECT_EQ(version(first).size(), 32u);
  EXPECT_EQ(member(first, {"attributes", "enabled"}), "true");
  EXPECT_EQ(member(first, {"attributes", "recoveryLevel"}), "Recoverable+Purgeable");
  EXPECT_EQ(member(first, {"attributes", "recoverableDays"}), "90");
  EXPECT_EQ(member(first, {"tags"}), "absent");
  const Answered second = set("a", "", R"("contentType":"text/plain","tags":{"b":"2","a":"1"},"attributes":{"nbf":1,"exp":2000000000})");
  EXPECT_FALSE(second.created);
  EXPECT_EQ(value(get("a")), "");  // an empty text is a value
  EXPECT_EQ(value(get("a", version(first))), "one");
  const Answered got = get("a");
  EXPECT_EQ(version(got), version(second));
  EXPECT_EQ(member(got, {"contentType"}), "text/plain");
  EXPECT_EQ(member(got, {"tags"}), R"({"a":"1","b":"2"})");
  EXPECT_EQ(member(got, {"attributes", "exp"}), "2000000000");
  EXPECT_EQ(got.audit.find("one"), std::string::npos);
  // All times that Azure has.
  const Answered ends = set("ends", "x", R"("attributes":{"nbf":0,"exp":253402300799})");
  for (const Answered& out : {ends, get("ends"), update("ends", R"({"attributes":{"enabled":true}})")}) {
    EXPECT_EQ(member(out, {"attributes", "nbf"}), "0");
    EXPECT_EQ(member(out, {"attributes", "exp"}), "253402300799");
  }
  // Tags belong to a version and are not handed on.
  set("a", "three");
  EXPECT_EQ(member(get("a"), {"tags"}), "absent");
}

TEST_F(Azure, RefusesWhatCannotBe) {
  EXPECT_EQ(value(set("a_b", "x")), "BadParameter: The request URI contains an invalid name: a_b");
  EXPECT_EQ(act("SetSecret", "data/a").type, "BadParameter");
  EXPECT_EQ(set("a", std::string(25'601, 'x')).type, "BadParameter");
  EXPECT_EQ(set("a", std::string(25'600, 'x')).status, 200);
  EXPECT_EQ(value(get("a")), std::string(25'600, 'x'));
  EXPECT_EQ(set("a", "x", R"("contentType":)" + q(std::string(256, 'c'))).type, "BadParameter");
  std::string accents;
  for (int i = 0; i < 255; ++i) accents += "\xc3\xa9";
  EXPECT_EQ(set("a", "x", R"("contentType":)" + q(accents) + R"(,"tags":{)" + q(accents) + ":" + q(accents) + "}").status, 200);
  EXPECT_EQ(set("a", "x", R"("contentType":)" + q(accents + "e")).type, "BadParameter");
  std::string tags;
  for (int i = 0; i < 16; ++i) tags += (i ? "," : "") + q("t" + std::to_string(i)) + R"(:"v")";
  EXPECT_EQ(set("a", "x", R"("tags":{)" + tags + "}").type, "BadParameter");
  EXPECT_EQ(set("a", "x", R"("attributes":{"exp":-1})").type, "BadParameter");
  EXPECT_EQ(set(std::string(128, 'n'), "x").type, "BadParameter");
  EXPECT_EQ(set(std::string(127, 'n'), "x").status, 200);
}

TEST_F(Azure, TellsWhatIsMissing) {
  const std::string text =
      "SecretNotFound: A secret with (name/id) a was not found in this key vault. If you recently deleted this secret you may be able to "
      "recover it using "
      "the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182";
  EXPECT_EQ(value(get("a")), text);
  EXPECT_EQ(remove("a").status, 404);
  EXPECT_EQ(update("a", "{}").status, 404);
  EXPECT_EQ(value(deleted("a")), "SecretNotFound: Deleted Secret not found: a");
  EXPECT_EQ(recover("a").type, "SecretNotFound");
  EXPECT_EQ(purge("a").type, "SecretNotFound");
  set("a", "x");
  EXPECT_EQ(deleted("a").type, "SecretNotFound");
  EXPECT_EQ(purge("a").type, "SecretNotFound");
  const Answered other = get("a", std::string(32, '0'));
  EXPECT_NE(other.error.find(" a/00000000000000000000000000000000 was not found"), std::string::npos);
  EXPECT_EQ(get("a", "short").type, "SecretNotFound");
  EXPECT_EQ(ids(act("GetSecretVersions", "metadata/none")), "");
}

TEST_F(Azure, UpdatesOneVersion) {
  const Answered first = set("a", "one", R"("contentType":"c","tags":{"k":"v"})");
  const Answered second = set("a", "two");
  const Answered changed = update("a", R"({"version":)" + q(version(first)) + R"(,"attributes":{"enabled":false,"exp":4}})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(member(changed, {"value"}), "absent");
  EXPECT_EQ(member(changed, {"contentType"}), "c");
  EXPECT_EQ(member(changed, {"tags"}), R"({"k":"v"})");
  EXPECT_NE(member(changed, {"attributes", "updated"}), member(changed, {"attributes", "created"}));
  EXPECT_EQ(value(get("a", version(first))), "Forbidden/SecretDisabled: Operation get is not allowed on a disabled secret.");
  EXPECT_EQ(value(get("a")), "two");
  // Without a version the current one; never an older one in its place.
  EXPECT_EQ(version(update("a", R"({"attributes":{"enabled":false},"tags":{"n":"w"}})")), version(second));
  EXPECT_EQ(get("a").type, "Forbidden/SecretDisabled");
  EXPECT_EQ(member(update("a", R"({"attributes":{"enabled":true},"tags":{}})"), {"tags"}), "absent");
  EXPECT_EQ(value(get("a")), "two");
}

TEST_F(Azure, UpdatesLargeValues) {
  const std::string large(20'000, 'x');
  const Answered first = set("a", large);
  update("a", R"({"tags":{"k":"v"}})");
  EXPECT_EQ(value(get("a")), large);
  set("a", "small");
  update("a", R"({"version":)" + q(version(first)) + R"(,"tags":{"k":"w"}})");
  EXPECT_EQ(value(get("a", version(first))), large);
}

TEST_F(Azure, DisabledIsDisabledEverywhere) {
  set("a", "x", R"("attributes":{"enabled":false})");
  EXPECT_EQ(m.read("data/a").status, 403);
  EXPECT_EQ(m.read("subkeys/a").status, 403);
  EXPECT_EQ(m.patch("data/a", R"({"data":{"b":1}})").status, 403);
  EXPECT_EQ(m.act("secretsmanager:GetSecretValue", "data/a", R"({"SecretId":"a"})").type, "AccessDeniedException");
  EXPECT_EQ(ids(act("GetSecrets", "metadata/")), "secrets/a");
}

TEST_F(Azure, DeletesRecoversAndPurges) {
  const Answered first = set("a", "one", R"("tags":{"k":"v"})");
  const Answered gone = remove("a");
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(member(gone, {"value"}), "absent");
  EXPECT_EQ(version(gone), version(first));
  EXPECT_EQ(member(gone, {"recoveryId"}), std::string(base) + "/deletedsecrets/a");
  const auto when = std::stoll(member(gone, {"deletedDate"}));
  EXPECT_EQ(std::stoll(member(gone, {"scheduledPurgeDate"})), when + 90LL * 86'400);
  EXPECT_EQ(get("a").type, "SecretNotFound");
  EXPECT_EQ(ids(act("GetSecretVersions", "metadata/a")), "");
  EXPECT_EQ(ids(act("GetSecrets", "metadata/")), "");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "secrets/a");
  EXPECT_EQ(member(deleted("a"), {"recoveryId"}), std::string(base) + "/deletedsecrets/a");
  EXPECT_EQ(value(set("a", "two")),
            "Conflict/ObjectIsDeletedButRecoverable: Secret a is currently in a deleted but recoverable state, and its name cannot be "
            "reused; in this "
            "state, the secret can only be recovered or purged.");
  const Answered back = recover("a");
  EXPECT_EQ(version(back), version(first));
  EXPECT_EQ(member(back, {"attributes", "updated"}), member(first, {"attributes", "updated"}));
  EXPECT_EQ(value(get("a")), "one");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "");
  remove("a");
  EXPECT_EQ(purge("a").status, 204);
  EXPECT_EQ(deleted("a").type, "SecretNotFound");
  EXPECT_TRUE(set("a", "new").created);
}

TEST_F(Azure, PurgesByTime) {
  m.write("azure", R"({"soft_delete_days":7})");
  set("a", "one");
  const Answered gone = remove("a");
  EXPECT_EQ(member(gone, {"attributes", "recoveryLevel"}), "CustomizedRecoverable+Purgeable");
  EXPECT_EQ(std::stoll(member(gone, {"scheduledPurgeDate"})), std::stoll(member(gone, {"deletedDate"})) + 7LL * 86'400);
  m.clock.advance(std::chrono::days(7));
  EXPECT_EQ(deleted("a").type, "SecretNotFound");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "");
  EXPECT_EQ(version(set("a", "new")).size(), 32u);
  EXPECT_EQ(value(get("a")), "new");
}

TEST_F(Azure, PurgeProtectionHoldsForEveryDoor) {
  EXPECT_EQ(m.write("azure", R"({"soft_delete_days":6})").status, 400);
  EXPECT_EQ(m.write("azure", R"({"purge_protection":true})").status, 200);
  EXPECT_EQ(m.write("azure", R"({"purge_protection":false})").status, 400);
  set("a", "one");
  EXPECT_EQ(member(get("a"), {"attributes", "recoveryLevel"}), "Recoverable");
  EXPECT_EQ(m.act("secretsmanager:DeleteSecret", "metadata/a", R"({"SecretId":"a","ForceDeleteWithoutRecovery":true})").type,
            "InvalidRequestException");
  EXPECT_EQ(m.write("azure", R"({"soft_delete_days":7})").status, 400);
  EXPECT_EQ(m.write("destroy/a", R"({"versions":[1]})").status, 400);
  // Vault's deletion of metadata is one that can be undone here.
  EXPECT_EQ(m.remove("metadata/a").status, 204);
  EXPECT_EQ(m.remove("metadata/a").status, 400);
  const Answered refused = purge("a");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.type, "Forbidden");
  recover("a");
  EXPECT_EQ(value(get("a")), "one");
}

TEST_F(Azure, PurgeProtectionIsNotShortenedByOtherDoors) {
  m.write("azure", R"({"soft_delete_days":60,"purge_protection":true})");
  EXPECT_EQ(m.write("azure", R"({"soft_delete_days":90})").status, 200);  // longer is no harm
  set("a", "one");
  m.act("secretsmanager:DeleteSecret", "metadata/a", R"({"SecretId":"a","RecoveryWindowInDays":7})");
  const Answered gone = deleted("a");
  EXPECT_EQ(std::stoll(member(gone, {"scheduledPurgeDate"})), std::stoll(member(gone, {"deletedDate"})) + 90LL * 86'400);
  // Nor does a limit of versions take any away.
  const Answered first = set("b", "one");
  m.write("metadata/b", R"({"max_versions":1})");
  m.write("data/b", R"({"data":{"a":1}})");
  m.write("data/b", R"({"data":{"a":2}})");
  EXPECT_EQ(value(get("b", version(first))), "one");
  EXPECT_EQ(m.read("data/b").status, 200);
}

TEST_F(Azure, ListsInPages) {
  for (int i = 10; i < 40; ++i) set("n" + std::to_string(i), "x");
  m.write("data/folder/in", R"({"data":{"a":1}})");
  m.write("data/not_legal", R"({"data":{"a":1}})");
  const Answered first = act("GetSecrets", "metadata/", R"({"api-version":"7.4"})");
  EXPECT_EQ(ids(first).substr(0, 23), "secrets/n10 secrets/n11");
  EXPECT_TRUE(ids(first).ends_with("secrets/n34 +"));
  EXPECT_TRUE(member(first, {"nextLink"}).starts_with(std::string(base) + "/secrets?api-version=7.4&$skiptoken="));
  EXPECT_EQ(member(first, {"value"}).find("\"value\":"), std::string::npos);
  set("n345", "x");  // what is written meanwhile moves nothing
  EXPECT_EQ(ids(act("GetSecrets", "metadata/", "{" + next(first) + "}")),
            "secrets/n345 secrets/n35 secrets/n36 secrets/n37 secrets/n38 secrets/n39");
  const Answered two = act("GetSecrets", "metadata/", R"({"maxresults":"2","api-version":"7.4"})");
  EXPECT_EQ(ids(two), "secrets/n10 secrets/n11 +");
  EXPECT_TRUE(member(two, {"nextLink"}).ends_with("&maxresults=2"));
  EXPECT_EQ(ids(act("GetSecrets", "metadata/", "{\"maxresults\":2," + next(two) + "}")), "secrets/n12 secrets/n13 +");
  for (const char* wrong : {R"({"maxresults":0})", R"({"maxresults":26})", R"({"$skiptoken":"!"})", R"({"$skiptoken":"AAAA"})"})
    EXPECT_EQ(act("GetSecrets", "metadata/", wrong).type, "BadParameter") << wrong;
}

TEST_F(Azure, ListsVersionsAndDeletedInPages) {
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i) made.push_back(version(set("a", std::to_string(i))));
  const Answered first = act("GetSecretVersions", "metadata/a", R"({"maxresults":2})");
  EXPECT_EQ(ids(first), "secrets/a/" + made[0] + " secrets/a/" + made[1] + " +");
  EXPECT_EQ(ids(act("GetSecretVersions", "metadata/a", "{\"maxresults\":2," + next(first) + "}")), "secrets/a/" + made[2]);
  for (const char* name : {"d", "b", "c"}) {
    set(name, "x");
    remove(name);
  }
  const Answered gone = act("GetDeletedSecrets", "metadata/", R"({"maxresults":2})");
  EXPECT_EQ(ids(gone), "secrets/b secrets/c +");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/", "{" + next(gone) + "}")), "secrets/d");
  EXPECT_EQ(act("GetSecretVersions", "metadata/a", "{" + next(gone) + "}").type, "BadParameter");  // of another list
}

TEST_F(Azure, ABackupHasNoRotation) {
  ASSERT_EQ(set("s", "v").status, 200);
  const auto aws = [&](std::string_view action, const std::string& more) {
    return m.act("secretsmanager:" + std::string(action), "metadata/s", R"({"SecretId":"s")" + more + "}");
  };
  ASSERT_EQ(aws("RotateSecret", R"(,"ClientRequestToken":"00000000-0000-4000-8000-000000000002","RotateImmediately":false,)"
                                R"("RotationLambdaARN":"builtin-generic-password","RotationRules":{"AutomaticallyAfterDays":7})")
                .status,
            200);
  EXPECT_NE(aws("DescribeSecret", "").data.find(R"("RotationEnabled":true)"), std::string::npos);
  const Answered backup = act("BackupSecret", "azure/backup/s");
  ASSERT_EQ(backup.status, 200) << backup.error;
  ASSERT_EQ(remove("s").status, 200);
  ASSERT_EQ(purge("s").status, 204);
  ASSERT_EQ(act("RestoreSecret", "azure/restore", R"({"value":)" + q(member(backup, {"value"})) + "}").status, 200);
  // Who turns it on again has function and rules at hand.
  const std::string described = aws("DescribeSecret", "").data;
  EXPECT_NE(described.find(R"("RotationEnabled":false,"RotationLambdaARN":"builtin-generic-password")"), std::string::npos) << described;
  EXPECT_EQ(described.find("NextRotationDate"), std::string::npos) << described;
}

// A label of AWS's API holds a version that is too old to be kept otherwise.
TEST_F(Azure, ABackupHasWhatLabelsHold) {
  const auto aws = [&](std::string_view action, const std::string& path, const std::string& more) {
    return m.act("secretsmanager:" + std::string(action), path, R"({"SecretId":"s")" + more + "}");
  };
  const std::string first = "00000000-0000-4000-8000-000000000001";
  m.act("secretsmanager:CreateSecret", "data/s", R"({"Name":"s","ClientRequestToken":")" + first + R"(","SecretString":"one"})");
  ASSERT_EQ(aws("UpdateSecretVersionStage", "data/s", R"(,"VersionStage":"KEPT","MoveToVersionId":")" + first + R"(")").status, 200);
  m.write("metadata/s", R"({"max_versions":2})");
  for (int i = 0; i < 5; ++i) set("s", "new");
  const auto kept = [&] { return aws("GetSecretValue", "data/s", R"(,"VersionStage":"KEPT")").data; };
  ASSERT_NE(kept().find(R"("SecretString":"one")"), std::string::npos);
  const Answered backup = act("BackupSecret", "azure/backup/s");
  ASSERT_EQ(backup.status, 200) << backup.error;
  remove("s");
  ASSERT_EQ(purge("s").status, 204);
  ASSERT_EQ(act("RestoreSecret", "azure/restore", R"({"value":)" + q(member(backup, {"value"})) + "}").status, 200);
  EXPECT_NE(kept().find(R"("SecretString":"one")"), std::string::npos) << kept();
  EXPECT_EQ(value(get("s")), "new");
}

TEST_F(Azure, BacksUpAndRestores) {
  const std::string large(10'000, 'x');
  const Answered first = set("Name", large, R"("tags":{"k":"v"})");
  const Answered second = set("Name", "two", R"("contentType":"c")");
  update("Name", R"({"version":)" + q(version(first)) + R"(,"attributes":{"exp":5}})");
  const Answered backup = act("BackupSecret", "azure/backup/Name");
  ASSERT_EQ(backup.status, 200) << backup.error;
  const std::string body = R"({"value":)" + q(member(backup, {"value"})) + "}";
  EXPECT_EQ(act("RestoreSecret", "azure/restore", body).type, "Conflict");
  remove("Name");
  EXPECT_EQ(act("RestoreSecret", "azure/restore", body).type, "Conflict");
  purge("Name");
  const Answered restored = act("RestoreSecret", "azure/restore", body);
  EXPECT_EQ(restored.status, 200) << restored.error;
  EXPECT_EQ(version(restored), version(second));
  EXPECT_EQ(member(restored, {"attributes"}), member(second, {"attributes"}));
  EXPECT_EQ(value(get("name")), "two");
  const Answered old = get("name", version(first));
  EXPECT_EQ(value(old), large);
  EXPECT_EQ(member(old, {"attributes", "exp"}), "5");
  EXPECT_EQ(act("RestoreSecret", "azure/restore", R"({"value":"AAAA"})").type, "BadParameter");
  EXPECT_EQ(act("RestoreSecret", "azure/restore").type, "BadParameter");
  // Another vault of the same server takes it, one of another server does not.
  TestMount other{make_kv2};
  other.caller.authority = &everything;
  other.scope.account = base;
  EXPECT_EQ(version(other.act("keyvault:RestoreSecret", "azure/restore", body)), version(second));
  EXPECT_EQ(value(other.act("keyvault:GetSecret", "data/Name", R"({"version":)" + q(version(first)) + "}")), large);
  TestMount foreign{make_kv2};
  foreign.keys = testing::NamedKeys("another server");
  foreign.caller.authority = &everything;
  EXPECT_EQ(foreign.act("keyvault:RestoreSecret", "azure/restore", body).type, "BadParameter");
}
TEST_F(Azure, GoesThroughObjectsThatAreOlderThanItsIndexes) {
  set("Mixed", "one");
  set("gone", "x");
  remove("gone");
  std::erase_if(m.store.values, [](const auto& entry) { return entry.first.starts_with("f/") || entry.first.starts_with("d/"); });
  EXPECT_EQ(get("mixed").type, "SecretNotFound");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "");
  for (int i = 0; i < 2500; ++i) m.store.values["o/Old" + std::to_string(i)] = "";
  for (int i = 0; i < 10 && *m.chores(); ++i) continue;
  EXPECT_TRUE(m.store.values.contains(std::string("f/old2499\0Old2499", 17)));
  EXPECT_EQ(value(get("mixed")), "one");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "secrets/gone");
  EXPECT_FALSE(*m.chores());
}

// The index of names once had one spelling of each.
TEST_F(Azure, NotesEachSpelling) {
  const auto clear = [&] { std::erase_if(m.store.values, [](const auto& entry) { return entry.first.starts_with("f/"); }); };
  for (const char* name : {"Foo", "fOO", "FOO"}) m.write(std::string("data/") + name, R"({"data":{"name":)" + q(name) + "}}");
  remove("FOO");
  purge("FOO");
  EXPECT_EQ(value(get("foo")), R"({"name":"Foo"})");
  EXPECT_EQ(m.remove("metadata/Foo").status, 204);
  EXPECT_EQ(value(get("foo")), R"({"name":"fOO"})");
  m.write("data/Foo", R"({"data":{"name":"Foo"}})");
  clear();
  m.store.values["f/foo"] = "fOO";
  m.store.values["i"] = "1";
  EXPECT_EQ(value(get("foo")), R"({"name":"fOO"})");
  for (int i = 0; i < 10 && *m.chores(); ++i) continue;
  EXPECT_FALSE(*m.chores());
  EXPECT_EQ(m.remove("metadata/fOO").status, 204);
  EXPECT_EQ(value(get("foo")), R"({"name":"Foo"})");
  EXPECT_EQ(m.remove("metadata/Foo").status, 204);
  EXPECT_EQ(get("foo").type, "SecretNotFound");
  EXPECT_TRUE(std::ranges::none_of(m.store.values, [](const auto& entry) { return entry.first.starts_with("f/"); }));
}

TEST_F(Azure, NamesAreCaseInsensitive) {
  const Answered made = set("Test2", "one");
  EXPECT_EQ(value(get("test2")), "one");
  EXPECT_EQ(value(get("TEST2")), "one");
  const Answered again = set("test2", "two");
  EXPECT_FALSE(again.created);
  EXPECT_TRUE(member(again, {"id"}).starts_with(std::string(base) + "/secrets/Test2/"));
  EXPECT_EQ(value(get("Test2", version(made))), "one");
  EXPECT_EQ(ids(act("GetSecrets", "metadata/")), "secrets/Test2");
  remove("TEST2");
  EXPECT_EQ(set("test2", "x").type, "Conflict/ObjectIsDeletedButRecoverable");
  purge("test2");
  set("test2", "new");
  EXPECT_EQ(value(get("Test2")), "new");
  // What Vault's API wrote is found too; its own names stay case-sensitive.
  m.write("data/Mixed", R"({"data":{"a":1}})");
  EXPECT_EQ(value(get("mixed")), R"({"a":1})");
  EXPECT_EQ(m.read("data/mixed").status, 404);
  // Another spelling does not pass what policies say of the object's own.
  m.write("data/Closed", R"({"data":{"a":1}})");
  const Answered refused = act("GetSecret", "data/cLOSED");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.type, "");
}

TEST_F(Azure, SharesValuesWithTheOtherDoors) {
  set("text", "plain");
  EXPECT_NE(m.read("data/text").data.find(R"("data":{"value":"plain"})"), std::string::npos);
  set("empty", "");
  EXPECT_NE(m.read("data/empty").data.find(R"("data":{"value":""})"), std::string::npos);
  set("fields", R"({"user":"u"})");
  EXPECT_NE(m.read("data/fields").data.find(R"("data":{"user":"u"})"), std::string::npos);
  m.write("data/v", R"({"data":{"n":1.0}})");
  EXPECT_EQ(value(get("v")), R"({"n":1.0})");
  m.act("secretsmanager:CreateSecret", "data/s",
        R"({"Name":"s","ClientRequestToken":"00000000-0000-4000-8000-000000000001","SecretString":"aws"})");
  EXPECT_EQ(value(get("s")), "aws");
  EXPECT_EQ(version(get("s")), "00000000000040008000000000000001");
  set("s", "azure");
  EXPECT_EQ(value(get("s", "00000000000040008000000000000001")), "aws");
  EXPECT_NE(m.act("secretsmanager:GetSecretValue", "data/s", R"({"SecretId":"s"})").data.find(R"("SecretString":"azure")"),
            std::string::npos);
  m.act("secretsmanager:CreateSecret", "data/b",
        R"({"Name":"b","ClientRequestToken":"00000000-0000-4000-8000-000000000002","SecretBinary":"AAE="})");
  EXPECT_EQ(value(get("b")), "AAE=");
  EXPECT_EQ(member(get("b"), {"contentType"}), "application/octet-stream");
}

TEST_F(Azure, SharesDeletionsWithTheOtherDoors) {
  set("a", "one");
  remove("a");
  const Answered gone = m.read("data/a");
  EXPECT_EQ(gone.status, 404);
  EXPECT_NE(gone.data.find("deletion_time\":\"2"), std::string::npos);
  EXPECT_EQ(m.write("data/a", R"({"data":{"a":1}})").status, 400);
  EXPECT_EQ(m.write("undelete/a", R"({"versions":[1]})").status, 400);
  EXPECT_EQ(m.act("secretsmanager:GetSecretValue", "data/a", R"({"SecretId":"a"})").type, "InvalidRequestException");
  EXPECT_EQ(m.act("secretsmanager:RestoreSecret", "metadata/a", R"({"SecretId":"a"})").status, 200);
  EXPECT_EQ(value(get("a")), "one");
  m.act("secretsmanager:DeleteSecret", "metadata/a", R"({"SecretId":"a","RecoveryWindowInDays":7})");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "secrets/a");
  recover("a");
  // Vault's deletion of a version is no deletion of the secret: it vanishes here and is not among the deleted.
  m.remove("data/a");
  EXPECT_EQ(get("a").type, "SecretNotFound");
  EXPECT_EQ(deleted("a").type, "SecretNotFound");
  EXPECT_EQ(ids(act("GetSecrets", "metadata/")), "");
  EXPECT_EQ(ids(act("GetSecretVersions", "metadata/a")), "");
  EXPECT_EQ(set("a", "two").status, 200);
  // Deleting its metadata frees a name at once.
  remove("a");
  EXPECT_EQ(m.remove("metadata/a").status, 204);
  EXPECT_EQ(set("a", "three").status, 200);
}

TEST_F(Azure, KeepsManyVersions) {
  const Answered first = set("a", "0");
  for (int i = 1; i < 30; ++i) set("a", std::to_string(i));
  EXPECT_EQ(value(get("a", version(first))), "0");
  // What was said through Vault's API stands.
  m.write("metadata/few", R"({"max_versions":2})");
  const Answered old = set("few", "1");
  set("few", "2");
  set("few", "3");
  EXPECT_EQ(get("few", version(old)).type, "SecretNotFound");
}

TEST_F(Azure, HidesADeletedVault) {
  set("a", "one");
  EXPECT_EQ(m.read("azure").status, 200);
  EXPECT_EQ(m.remove("azure").status, 200);
  EXPECT_EQ(get("a").type, "VaultNotFound");
  EXPECT_EQ(act("GetSecrets", "metadata/").type, "VaultNotFound");
  EXPECT_EQ(m.write("azure/recover").status, 200);
  EXPECT_EQ(value(get("a")), "one");
}

TEST_F(Azure, VaultsCanBeFolders) {
  m.scope.name_prefix = "team/";
  set("team/a", "one");
  EXPECT_EQ(value(get("team/A")), "one");
  EXPECT_EQ(ids(act("GetSecrets", "metadata/")), "secrets/a");
  remove("team/a");
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "secrets/a");
  EXPECT_NE(get("team/a").error.find("(name/id) a was"), std::string::npos);
  m.scope.name_prefix = "";
  EXPECT_EQ(ids(act("GetDeletedSecrets", "metadata/")), "");
}

}  // namespace
}  // namespace coffer
