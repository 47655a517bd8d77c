#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "backend/testing.h"
#include "base/aws_name.h"
#include "base/json.h"
#include "engines/kv/kv.h"

// The actions as the real service was recorded to answer them, on the objects of a version 2 mount.
namespace coffer {
namespace {

using testing::Answered;
using testing::TestMount;

constexpr std::string_view gone_id = "99999999-9999-9999-9999-999999999999";

std::string id(int n) { return "00000000-0000-4000-8000-00000000000" + std::to_string(n); }
std::string q(std::string_view text) { return json::quoted(text); }

class Everything final : public Authority {
 public:
  [[nodiscard]] bool allows(std::string_view path, schema::Verb) const override { return path.find("closed") == std::string_view::npos; }
};

class Aws : public ::testing::Test {
 protected:
  Aws() {
    m.caller.display_name = "ann";
    m.scope.principal = "arn:aws:iam::123456789012:user/ann";
    m.caller.authority = &everything;
  }
  Answered act(std::string_view action, const std::string& body, std::string_view name = "s", std::string_view at = "") {
    static constexpr std::string_view values[] = {"GetSecretValue", "CreateSecret", "PutSecretValue", "UpdateSecret",
                                                  "UpdateSecretVersionStage"};
    const bool value = std::ranges::find(values, action) != std::end(values);
    const bool list = action == "ListSecrets" || action == "BatchGetSecretValue";
    const std::string path = list ? "metadata/" : (value ? "data/" : "metadata/") + (at.empty() ? aws_path(name) : std::string(at));
    const std::string whole =
        list ? body : "{" + q(action == "CreateSecret" ? "Name" : "SecretId") + ":" + q(name) + (body.empty() ? "" : ",") + body + "}";
    const Answered out = m.act("secretsmanager:" + std::string(action), path, whole);
    m.clock.advance(std::chrono::milliseconds(1));
    return out;
  }
  Answered create(int n, std::string_view text = "one", std::string_view name = "s") {
    return act("CreateSecret", R"("ClientRequestToken":)" + q(id(n)) + R"(,"SecretString":)" + q(text), name);
  }
  Answered put(int n, std::string_view stages = "", std::string_view text = "") {
    return act("PutSecretValue", R"("ClientRequestToken":)" + q(id(n)) + R"(,"SecretString":)" +
                                     q(text.empty() ? "v" + std::to_string(n) : std::string(text)) +
                                     (stages.empty() ? "" : R"(,"VersionStages":)" + std::string(stages)));
  }
  Answered move(std::string_view label, int from, int to) {
    return act("UpdateSecretVersionStage", R"("VersionStage":)" + q(label) + (from ? R"(,"RemoveFromVersionId":)" + q(id(from)) : "") +
                                               (to ? R"(,"MoveToVersionId":)" + q(id(to)) : ""));
  }
  std::string get(const std::string& body = "", std::string_view name = "s") {
    const Answered out = act("GetSecretValue", body, name);
    if (!out.error.empty()) return out.type + ": " + out.error;
    const auto document = json::Document::parse(out.data);
    const auto text = document->root().find("SecretString");
    return text ? std::string(text->text()) : "binary " + std::string(document->root().find("SecretBinary")->text());
  }
  // Labels by version, as DescribeSecret tells them, ordered: "1:AWSPREVIOUS 2:AWSCURRENT,AWSPENDING".
  std::string stages(std::string_view name = "s") {
    const Answered out = act("DescribeSecret", "", name);
    const auto document = json::Document::parse(out.data);
    std::string text;
    const auto map = document->root().find("VersionIdsToStages");
    if (!map) return out.error;
    for (const auto& [version, labels] : map->members()) {
      std::vector<std::string> sorted;
      for (const auto& label : labels.elements()) sorted.emplace_back(label.text());
      std::ranges::sort(sorted);
      text += (text.empty() ? "" : " ") + std::string(1, version.back()) + ":";
      for (const auto& label : sorted) text += (text.ends_with(':') ? "" : ",") + label;
    }
    return text;
  }
  std::string member(const Answered& out, std::string_view name) {
    if (out.data.empty()) return error(out);
    const auto document = json::Document::parse(out.data);
    const auto value = document->root().find(name);
    return value ? std::string(value->raw()) : "absent";
  }
  std::string error(const Answered& out) { return out.type + ": " + out.error; }

  Everything everything;
  TestMount m{make_kv2};
};

TEST_F(Aws, TraceOfRotation) {
  create(1);
  EXPECT_EQ(stages(), "1:AWSCURRENT");
  EXPECT_EQ(member(put(2, R"(["AWSPENDING"])"), "VersionStages"), R"(["AWSPENDING"])");
  EXPECT_EQ(stages(), "1:AWSCURRENT 2:AWSPENDING");
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(move("AWSCURRENT", 1, 2).error, "");
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT,AWSPENDING");
  EXPECT_EQ(get(), "v2");
  put(3);
  EXPECT_EQ(stages(), "2:AWSPREVIOUS 3:AWSCURRENT");
  EXPECT_EQ(get(R"("VersionId":)" + q(id(1))), "one");  // deprecated, still there
}

TEST_F(Aws, TraceOfASecondRotation) {
  create(1);
  put(2, R"(["AWSPENDING"])");
  move("AWSCURRENT", 1, 2);
  put(3, R"(["AWSPENDING"])");
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT 3:AWSPENDING");
  move("AWSCURRENT", 2, 3);
  EXPECT_EQ(stages(), "2:AWSPREVIOUS 3:AWSCURRENT,AWSPENDING");
}

TEST_F(Aws, TraceOfLabelsOfOnesOwn) {
  create(1);
  put(2, R"(["AWSPENDING","AWSSOMETHING","PUT1"])");
  EXPECT_EQ(stages(), "1:AWSCURRENT 2:AWSPENDING,AWSSOMETHING,PUT1");
  move("AWSCURRENT", 1, 2);
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT,AWSPENDING,AWSSOMETHING,PUT1");
  put(3, R"(["AWSPENDING","PUT2"])");
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT,AWSSOMETHING,PUT1 3:AWSPENDING,PUT2");
  move("AWSCURRENT", 2, 3);
  EXPECT_EQ(stages(), "2:AWSPREVIOUS,AWSSOMETHING,PUT1 3:AWSCURRENT,AWSPENDING,PUT2");
}

TEST_F(Aws, TraceOfLabelsThatMove) {
  create(1);
  put(2, R"(["one","two","three"])");
  put(3, R"(["one","two","four"])");
  EXPECT_EQ(stages(), "1:AWSCURRENT 2:three 3:four,one,two");
}

TEST_F(Aws, CurrentMovesBack) {
  create(1);
  put(2);
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT");
  move("AWSCURRENT", 2, 1);
  EXPECT_EQ(stages(), "1:AWSCURRENT 2:AWSPREVIOUS");
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(get(R"("VersionStage":"AWSPREVIOUS")"), "v2");
  put(3);
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 3:AWSCURRENT");
}

TEST_F(Aws, CreatesWithoutAValue) {
  const Answered made = act("CreateSecret", R"("ClientRequestToken":)" + q(id(1)));
  EXPECT_EQ(member(made, "VersionId"), "absent");
  EXPECT_EQ(member(act("DescribeSecret", ""), "VersionIdsToStages"), "absent");
  EXPECT_EQ(get(), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT");
  EXPECT_EQ(member(put(2, R"(["AWSPENDING"])"), "VersionStages"), R"(["AWSPENDING","AWSCURRENT"])");
  EXPECT_EQ(stages(), "2:AWSCURRENT,AWSPENDING");
}

TEST_F(Aws, RepeatsAreTheSameAnswer) {
  const Answered made = create(1);
  EXPECT_EQ(create(1).data, made.data);
  EXPECT_EQ(error(create(1, "other")), "ResourceExistsException: You can't use ClientRequestToken " + id(1) +
                                           " because that value is already in use for a version of secret " +
                                           std::string(json::Document::parse(made.data)->root().find("ARN")->text()) + ".");
  EXPECT_EQ(error(create(2)), "ResourceExistsException: The operation failed because the secret s already exists.");
  const Answered written = put(2);
  put(3);
  EXPECT_EQ(put(2).status, 200);
  EXPECT_EQ(stages(), "2:AWSPREVIOUS 3:AWSCURRENT");  // nothing changed
  EXPECT_EQ(put(2, "", "changed").type, "ResourceExistsException");
  const std::string update = R"("ClientRequestToken":)" + q(id(3)) + R"(,"SecretString":)";
  EXPECT_EQ(member(act("UpdateSecret", update + q("v3")), "VersionId"), q(id(3)));
  EXPECT_EQ(act("UpdateSecret", update + q("else")).type, "ResourceExistsException");
}

TEST_F(Aws, MissingTokensComeBeforeMissingSecrets) {
  const std::string text = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
  EXPECT_EQ(error(act("PutSecretValue", R"("SecretString":"a")")), "InvalidRequestException: " + text);
  EXPECT_EQ(error(act("CreateSecret", R"("SecretString":"a")")), "InvalidRequestException: " + text);
  EXPECT_EQ(error(act("UpdateSecret", R"("SecretString":"a")")), "InvalidRequestException: " + text);
  EXPECT_EQ(error(act("RotateSecret", "")), "InvalidParameterException: " + text);
  EXPECT_EQ(error(act("PutSecretValue", R"("ClientRequestToken":"short","SecretString":"a")")),
            "InvalidParameterException: ClientRequestToken must be 32-64 characters long.");
  EXPECT_EQ(error(act("PutSecretValue", R"("ClientRequestToken":)" + q(id(1)))),
            "InvalidRequestException: You must provide either SecretString or SecretBinary.");
  EXPECT_EQ(error(put(1)), "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
}

TEST_F(Aws, TellsWhatIsMissing) {
  EXPECT_EQ(get(), "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
  create(1);
  put(2, R"(["mine"])");
  EXPECT_EQ(get(R"("VersionStage":"none")"),
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: none");
  EXPECT_EQ(get(R"("VersionId":)" + q(gone_id)),
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: " + std::string(gone_id));
  EXPECT_EQ(get(R"("VersionStage":"mine","VersionId":)" + q(id(1))),
            "InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId.");
  EXPECT_EQ(get(R"("VersionStage":"mine","VersionId":)" + q(id(2))), "v2");
}

TEST_F(Aws, LabelsMoveOnlyFromWhereTheyAre) {
  create(1);
  put(2, R"(["mine"])");
  EXPECT_EQ(error(move("AWSCURRENT", 0, 2)),
            "InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached "
            "to version " +
                id(1) + ", so you must explicitly reference that version in RemoveFromVersionId.");
  EXPECT_EQ(move("mine", 1, 2).type, "InvalidParameterException");
  EXPECT_EQ(move("AWSCURRENT", 1, 0).type, "InvalidParameterException");
  EXPECT_EQ(move("mine", 2, 0).error, "");
  EXPECT_EQ(stages(), "1:AWSCURRENT");
  EXPECT_EQ(move("new", 0, 2).error, "");
  EXPECT_EQ(move("new", 2, 1).error, "");
  EXPECT_EQ(stages(), "1:AWSCURRENT,new");
}

TEST_F(Aws, AtMostTwentyLabels) {
  create(1);
  std::string labels;
  for (int i = 0; i < 19; ++i) labels += (i ? "," : "") + q("l" + std::to_string(i));
  EXPECT_EQ(put(2, "[" + labels + "]").error, "");
  EXPECT_EQ(put(3, R"(["more"])").type, "LimitExceededException");
  EXPECT_EQ(put(3, R"(["l0"])").error, "");  // moved, not added
}

TEST_F(Aws, DeletesWithAWindow) {
  create(1);
  EXPECT_EQ(error(act("DeleteSecret", R"("RecoveryWindowInDays":6,"ForceDeleteWithoutRecovery":true)")),
            "InvalidParameterException: The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  EXPECT_EQ(act("DeleteSecret", R"("RecoveryWindowInDays":7,"ForceDeleteWithoutRecovery":true)").error,
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  const auto start = unix_seconds(m.clock.now());
  EXPECT_EQ(member(act("DeleteSecret", R"("RecoveryWindowInDays":7)"), "DeletionDate").substr(0, 10), std::to_string(start + 7 * 86400));
  const std::string marked = "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.";
  EXPECT_EQ(get(), marked);
  EXPECT_EQ(error(put(2)), marked);
  EXPECT_EQ(error(act("TagResource", R"("Tags":[])")), marked);
  EXPECT_EQ(error(create(3)),
            "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.");
  EXPECT_EQ(act("DeleteSecret", "").type, "InvalidRequestException");
  EXPECT_EQ(member(act("DescribeSecret", ""), "DeletedDate").substr(0, 10), std::to_string(start));
  EXPECT_EQ(act("RestoreSecret", "").error, "");
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(act("RestoreSecret", "").error, "");
}

TEST_F(Aws, ForcedDeletionIsAtOnceAndCanBeRepeated) {
  const std::string first = member(create(1), "ARN");
  act("DeleteSecret", "");
  EXPECT_EQ(act("DeleteSecret", R"("ForceDeleteWithoutRecovery":true)").error, "");
  EXPECT_TRUE(m.store.values.empty());
  EXPECT_EQ(act("DeleteSecret", R"("ForceDeleteWithoutRecovery":true)").error, "");
  EXPECT_EQ(act("DeleteSecret", "").type, "ResourceNotFoundException");
  EXPECT_NE(member(create(1), "ARN"), first);
}

TEST_F(Aws, IsGoneAfterItsWindow) {
  create(1);
  put(2);
  act("DeleteSecret", R"("RecoveryWindowInDays":7)");
  m.clock.advance(std::chrono::days(8));
  EXPECT_EQ(get(), "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
  EXPECT_EQ(m.read("data/s").status, 404);
  EXPECT_EQ(act("RestoreSecret", "").type, "ResourceNotFoundException");
  EXPECT_EQ(create(3, "anew").error, "");
  EXPECT_EQ(stages(), "3:AWSCURRENT");
  EXPECT_EQ(get(R"("VersionId":)" + q(id(1))).substr(0, 25), "ResourceNotFoundException");
}

TEST_F(Aws, TellsNeverTaggedFromEmptied) {
  create(1);
  EXPECT_EQ(member(act("DescribeSecret", ""), "Tags"), "absent");
  EXPECT_EQ(act("TagResource", R"("Tags":[{"Key":"b","Value":"1"},{"Key":"a","Value":"2"}])").data, "{}");
  act("TagResource", R"("Tags":[{"Key":"b","Value":"3"},{"Key":"c","Value":""}])");
  EXPECT_EQ(member(act("DescribeSecret", ""), "Tags"), R"([{"Key":"b","Value":"3"},{"Key":"a","Value":"2"},{"Key":"c","Value":""}])");
  act("UntagResource", R"("TagKeys":["a","b","c","none"])");
  EXPECT_EQ(member(act("DescribeSecret", ""), "Tags"), "[]");
  EXPECT_EQ(act("TagResource", R"("Tags":[{"Key":"aws:x","Value":""}])").type, "InvalidParameterException");
}

TEST_F(Aws, ListsVersions) {
  create(1);
  put(2);
  put(3);
  const Answered some = act("ListSecretVersionIds", R"("MaxResults":1)");
  EXPECT_NE(member(some, "NextToken"), "absent");
  EXPECT_EQ(member(some, "Versions").substr(0, 52), R"([{"VersionId":")" + id(2) + "\"");
  const Answered rest = act("ListSecretVersionIds", R"("NextToken":)" + member(some, "NextToken"));
  EXPECT_EQ(member(rest, "NextToken"), "absent");
  EXPECT_NE(rest.data.find(id(3)), std::string::npos);
  EXPECT_NE(rest.data.find(R"("KmsKeyIds":["DefaultEncryptionKey"])"), std::string::npos);
  EXPECT_EQ(rest.data.find(id(2)), std::string::npos);
  const Answered all = act("ListSecretVersionIds", R"("IncludeDeprecated":true)");
  EXPECT_NE(all.data.find(R"({"VersionId":")" + id(1) + R"(","CreatedDate")"), std::string::npos);
  EXPECT_EQ(act("ListSecretVersionIds", R"("NextToken":"x")").type, "InvalidNextTokenException");
}

TEST_F(Aws, RefusesWhatIsNoName) {
  const std::string text =
      "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
  for (const char* action : {"GetSecretValue", "DescribeSecret", "DeleteSecret", "ListSecretVersionIds"})
    EXPECT_EQ(error(act(action, "", "a b")), text);
  EXPECT_EQ(error(create(1, "x", "a#b")), text);
}

TEST_F(Aws, OtherActionsDoNotFindWhatIsNoName) {
  for (const char* action : {"GetResourcePolicy", "RestoreSecret", "CancelRotateSecret"})
    EXPECT_EQ(act(action, "", "a b").type, "ResourceNotFoundException") << action;
}

TEST_F(Aws, NamesWhatBreaksAConstraint) {
  EXPECT_EQ(error(act("ListSecrets", R"({"Filters":[{"Values":["x"]}]})")), "InvalidParameterException: Invalid filter key");
  EXPECT_EQ(error(act("ListSecrets", R"({"Filters":[{"Key":"name"}]})")), "InvalidParameterException: Invalid filter values for key: name");
  EXPECT_EQ(error(act("ListSecrets", R"({"Filters":[{"Key":"bad","Values":["x"]}]})")),
            "ValidationException: 1 validation error detected: Value 'bad' at 'filters.1.member.key' failed to satisfy constraint: Member "
            "must satisfy enum "
            "value set: [description, name, tag-key, tag-value, primary-region, owning-service, all]");
  EXPECT_EQ(error(act("ListSecrets", R"({"MaxResults":101})")),
            "ValidationException: 1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have "
            "value less than or "
            "equal to 100");
}

TEST_F(Aws, OneSecretBothWays) {
  m.write("data/s", R"({"data":{"user":"ann","n":1.0}})");
  m.clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(get(), R"({"user":"ann","n":1.0})");
  m.write("data/s", R"({"data":{"user":"bob"}})");
  EXPECT_EQ(get(R"("VersionStage":"AWSPREVIOUS")"), R"({"user":"ann","n":1.0})");
  const std::string arn = member(act("DescribeSecret", ""), "ARN");
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT");
  EXPECT_EQ(member(put(3, R"(["AWSPENDING"])", "plain"), "ARN"), arn);
  EXPECT_NE(m.read("data/s").data.find("bob"), std::string::npos);  // Vault reads what is current
  EXPECT_NE(m.read("data/s", R"({"version":3})").data.find(R"({"value":"plain"})"), std::string::npos);
  move("AWSCURRENT", 0, 3);
  const std::string current = member(act("GetSecretValue", ""), "VersionId");
  act("UpdateSecretVersionStage", R"("VersionStage":"AWSCURRENT","MoveToVersionId":)" + q(id(3)) + R"(,"RemoveFromVersionId":)" + current);
  EXPECT_NE(m.read("data/s").data.find(R"({"value":"plain"})"), std::string::npos);
  EXPECT_NE(m.write("data/s", R"({"data":{"user":"eve"}})").data.find(R"("version":4)"), std::string::npos);
  EXPECT_EQ(get(), R"({"user":"eve"})");
  EXPECT_EQ(get(R"("VersionStage":"AWSPREVIOUS")"), "plain");
  EXPECT_EQ(stages(), "3:AWSPREVIOUS 4:AWSCURRENT");  // AWSPENDING went with AWSCURRENT
}

TEST_F(Aws, AVaultVersionIsFoundByItsId) {
  m.write("data/s", R"({"data":{"a":1}})");
  m.write("data/s", R"({"data":{"a":2}})");
  const Answered first = act("GetSecretValue", R"("VersionStage":"AWSPREVIOUS")");
  EXPECT_EQ(get(R"("VersionId":)" + member(first, "VersionId")), R"({"a":1})");
  act("TagResource", R"("Tags":[])");
  EXPECT_EQ(get(R"("VersionId":)" + member(first, "VersionId")), R"({"a":1})");
  EXPECT_EQ(stages(), "1:AWSPREVIOUS 2:AWSCURRENT");
}

TEST_F(Aws, VaultsDeletionsHideValues) {
  m.write("data/s", R"({"data":{"a":1}})");
  m.write("data/s", R"({"data":{"a":2}})");
  m.remove("data/s");
  EXPECT_EQ(get(), "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT");
  EXPECT_EQ(get(R"("VersionStage":"AWSPREVIOUS")"), R"({"a":1})");
  m.write("destroy/s", R"({"versions":[1]})");
  EXPECT_EQ(get(R"("VersionStage":"AWSPREVIOUS")").substr(0, 25), "ResourceNotFoundException");
  m.write("undelete/s", R"({"versions":[2]})");
  EXPECT_EQ(get(), R"({"a":2})");
  m.remove("metadata/s");
  EXPECT_EQ(get(), "ResourceNotFoundException: Secrets Manager can't find the specified secret.");
}

TEST_F(Aws, AwsDeletionBindsVault) {
  create(1, R"({"a":1})");
  EXPECT_NE(m.read("data/s").data.find(R"("data":{"a":1})"), std::string::npos);
  act("DeleteSecret", "");
  EXPECT_EQ(m.read("data/s").status, 404);
  for (const Answered& out : {m.write("data/s", R"({"data":{}})"), m.write("metadata/s", R"({"max_versions":3})"),
                              m.write("undelete/s", R"({"versions":[1]})")}) {
    EXPECT_EQ(out.status, 400);
    EXPECT_NE(out.error.find("marked for deletion by another API"), std::string::npos);
  }
  act("RestoreSecret", "");
  EXPECT_EQ(m.read("data/s").status, 200);
  act("DeleteSecret", "");
  EXPECT_EQ(m.remove("metadata/s").status, 204);  // Vault's own way to free the name
  EXPECT_TRUE(m.store.values.empty());
}

TEST_F(Aws, LabelsKeepVersionsThatTheLimitWouldDrop) {
  m.write("config", R"({"max_versions":2})");
  create(1);
  move("keep", 0, 1);
  put(2);
  put(3);
  put(4);
  EXPECT_EQ(stages(), "1:keep 3:AWSPREVIOUS 4:AWSCURRENT");
  EXPECT_EQ(get(R"("VersionStage":"keep")"), "one");
  EXPECT_EQ(get(R"("VersionId":)" + q(id(2))).substr(0, 25), "ResourceNotFoundException");
  EXPECT_EQ(put(2, R"(["again"])").error, "");  // its token is free again
  EXPECT_EQ(move("keep", 1, 0).error, "");
  EXPECT_EQ(get(R"("VersionId":)" + q(id(1))).substr(0, 25), "ResourceNotFoundException");
  act("DeleteSecret", R"("ForceDeleteWithoutRecovery":true)");
  EXPECT_EQ(m.store.values.size(), 1u);  // the mount's settings
}

TEST_F(Aws, KeepsAHundredVersionsWhereNothingElseIsSaid) {
  create(1);
  for (int i = 0; i < 105; ++i)
    act("PutSecretValue", R"("SecretString":"x","ClientRequestToken":)" + q("11111111-1111-4111-8111-" + std::to_string(100000000000 + i)));
  EXPECT_EQ(get(R"("VersionId":)" + q(id(1))).substr(0, 25), "ResourceNotFoundException");
  EXPECT_EQ(get(R"("VersionId":"11111111-1111-4111-8111-100000000005")"), "x");
}

TEST_F(Aws, BytesStayBytes) {
  EXPECT_EQ(act("CreateSecret", R"("SecretBinary":"AAH/","ClientRequestToken":)" + q(id(1))).error, "");
  EXPECT_EQ(get(), "binary AAH/");
  EXPECT_NE(m.read("data/s").data.find(R"({"value":"AAH/"})"), std::string::npos);
  EXPECT_EQ(act("PutSecretValue", R"("SecretBinary":"*","ClientRequestToken":)" + q(id(2))).type, "ValidationException");
}

TEST_F(Aws, LongValuesLieApartAndMove) {
  const std::string big(60'000, 'x');
  create(1, big);
  put(2);
  EXPECT_EQ(get(R"("VersionStage":"AWSPREVIOUS")"), big);
  move("AWSCURRENT", 2, 1);
  EXPECT_EQ(get(), big);
  EXPECT_EQ(act("PutSecretValue", R"("SecretString":)" + q(std::string(65'537, 'x')) + R"(,"ClientRequestToken":)" + q(id(3))).error,
            "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal "
            "to 65536");
  act("DeleteSecret", R"("ForceDeleteWithoutRecovery":true)");
  EXPECT_TRUE(m.store.values.empty());
}

TEST_F(Aws, AnArnMustBeThisSecrets) {
  const std::string arn = member(create(1), "ARN");
  m.scope.suffix = "AAAAAA";
  EXPECT_EQ(get().substr(0, 25), "ResourceNotFoundException");
  m.scope.suffix = arn.substr(arn.size() - 7, 6);
  EXPECT_EQ(get(), "one");
}

TEST_F(Aws, RemembersTheDayOfTheLastRead) {
  create(1);
  EXPECT_EQ(member(act("DescribeSecret", ""), "LastAccessedDate"), "absent");
  get();
  const auto midnight = std::chrono::floor<std::chrono::days>(m.clock.now());
  EXPECT_EQ(member(act("DescribeSecret", ""), "LastAccessedDate"), std::to_string(unix_seconds(midnight)));
  put(2);
  EXPECT_NE(act("ListSecretVersionIds", "").data.find(R"("VersionStages":["AWSPREVIOUS"],"LastAccessedDate":)"), std::string::npos);
}

TEST_F(Aws, WritesMarksDownAndPurgesWhatIsDue) {
  ASSERT_TRUE(m.configure({}, {{"version", "2"}}));
  create(1);
  EXPECT_FALSE(*m.chores());
  get();
  EXPECT_TRUE(*m.chores());
  EXPECT_TRUE(m.store.values.contains("a/s"));
  EXPECT_FALSE(*m.chores());
  get();
  EXPECT_FALSE(*m.chores());  // that day is marked already
  act("DeleteSecret", R"("RecoveryWindowInDays":7)");
  m.clock.advance(std::chrono::days(6));
  EXPECT_FALSE(*m.chores());
  act("RestoreSecret", "");
  act("DeleteSecret", R"("RecoveryWindowInDays":7)");
  m.clock.advance(std::chrono::days(3));
  EXPECT_FALSE(*m.chores());
  m.clock.advance(std::chrono::days(5));
  EXPECT_TRUE(*m.chores());
  EXPECT_EQ(m.store.values.size(), 1u);  // how far the indexes are whole
  EXPECT_TRUE(m.store.values.contains("i"));
}

TEST_F(Aws, ListsAndFilters) {
  for (const char* name : {"b", "/prod/db", "/prod/web", "a/x", "prodigal"}) create(1, "v", name);
  act("TagResource", R"("Tags":[{"Key":"env","Value":"production"}])", "/prod/db");
  act("UpdateSecret", R"("ClientRequestToken":)" + q(id(1)) + R"(,"Description":"The MasterPassword of-the-team")", "b");
  const auto names = [&](const std::string& rest) {
    const Answered out = act("ListSecrets", "{" + rest + "}");
    std::string text = out.error;
    if (!out.error.empty()) return text;
    const auto document = json::Document::parse(out.data);
    for (const auto& one : document->root().find("SecretList")->elements())
      text += (text.empty() ? "" : " ") + std::string(one.find("Name")->text());
    return text;
  };
  const auto filtered = [&](std::string_view key, const std::string& values) {
    return names(R"("Filters":[{"Key":")" + std::string(key) + R"(","Values":[)" + values + "]}]");
  };
  EXPECT_EQ(names(""), "b /prod/db /prod/web a/x prodigal");
  EXPECT_EQ(names(R"("SortOrder":"desc")"), "prodigal a/x /prod/web /prod/db b");
  EXPECT_EQ(filtered("name", R"("/")"), "/prod/db /prod/web");
  EXPECT_EQ(filtered("name", R"("/prod/d","pro")"), "/prod/db prodigal");
  EXPECT_EQ(filtered("name", R"("!/","zz")"), "b a/x prodigal");
  EXPECT_EQ(filtered("tag-key", R"("en")"), "/prod/db");
  EXPECT_EQ(filtered("tag-value", R"("Prod")"), "");
  EXPECT_EQ(filtered("description", R"("password")"), "b");
  EXPECT_EQ(filtered("description", R"("pass master")"), "b");
  EXPECT_EQ(filtered("description", R"("aster")"), "");
  EXPECT_EQ(filtered("all", R"("PROD")"), "/prod/db /prod/web prodigal");
  EXPECT_EQ(filtered("all", R"("/")"), "");
  EXPECT_EQ(filtered("primary-region", R"("us-east-1")"), "");
  act("DeleteSecret", "", "b");
  EXPECT_EQ(names(R"("SortBy":"name","Filters":[{"Key":"name","Values":["pro","/prod/d"]}])"), "/prod/db prodigal");
  EXPECT_EQ(names(R"("SortBy":"name")"), "/prod/db /prod/web a/x prodigal");
  EXPECT_EQ(names(R"("SortBy":"name","IncludePlannedDeletion":true)"), "/prod/db /prod/web a/x b prodigal");
}

TEST_F(Aws, ListsInPages) {
  for (int i = 0; i < 25; ++i) create(1, "v", (i % 2 ? "n" : "/n") + std::to_string(i));
  for (const char* order : {R"("SortBy":"name")", R"("SortBy":"created-date","SortOrder":"desc")",
                            R"("Filters":[{"Key":"name","Values":["n","/n"]}])", R"("SortBy":"name","SortOrder":"desc")"}) {
    std::set<std::string> seen;
    std::string next;
    for (int page = 0; page < 4; ++page) {
      const Answered out =
          act("ListSecrets", std::string(R"({"MaxResults":10,)") + order + (next.empty() ? "" : R"(,"NextToken":)" + next) + "}");
      const auto document = json::Document::parse(out.data);
      for (const auto& one : document->root().find("SecretList")->elements()) EXPECT_TRUE(seen.emplace(one.find("Name")->text()).second);
      next = member(out, "NextToken");
      if (next == "absent") break;
      if (page == 0)
        EXPECT_EQ(act("ListSecrets", R"({"SortBy":"last-changed-date","NextToken":)" + next + "}").type, "InvalidNextTokenException");
    }
    EXPECT_EQ(seen.size(), 25u) << order;
  }
}

TEST_F(Aws, ReadsManyAtOnce) {
  const std::string arn = member(create(1, "A", "a"), "ARN");
  create(1, "B", "/b");
  create(1, "C", "closed");
  create(1, "D", "deleted");
  act("DeleteSecret", "", "deleted");
  const Answered out = act("BatchGetSecretValue", R"({"SecretIdList":[)" + arn + R"(,"/b","closed","none","deleted"]})");
  EXPECT_EQ(out.error, "");
  EXPECT_NE(out.data.find(R"("SecretString":"A")"), std::string::npos);
  EXPECT_NE(out.data.find(R"("SecretString":"B")"), std::string::npos);
  EXPECT_EQ(out.data.find(R"("SecretString":"C")"), std::string::npos);
  EXPECT_NE(out.data.find(R"({"SecretId":"closed","ErrorCode":"AccessDeniedException")"), std::string::npos);
  EXPECT_NE(
      out.data.find(
          R"({"SecretId":"none","ErrorCode":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."})"),
      std::string::npos);
  EXPECT_NE(out.data.find(R"({"SecretId":"deleted","ErrorCode":"InvalidRequestException")"), std::string::npos);
  EXPECT_EQ(out.audit.find(R"("SecretString":"A")"), std::string::npos);
  const Answered some = act("BatchGetSecretValue", R"({"Filters":[{"Key":"name","Values":["a","/"]}],"MaxResults":1})");
  EXPECT_NE(some.data.find(R"("SecretString":"A")"), std::string::npos);
  const Answered rest = act("BatchGetSecretValue", R"({"Filters":[{"Key":"name","Values":["a","/"]}],"MaxResults":1,"NextToken":)" +
                                                       member(some, "NextToken") + "}");
  EXPECT_NE(rest.data.find(R"("SecretString":"B")"), std::string::npos);
  EXPECT_EQ(member(rest, "NextToken"), "absent");
  EXPECT_EQ(act("BatchGetSecretValue", "{}").error, "Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  EXPECT_EQ(act("BatchGetSecretValue", R"({"SecretIdList":["a"],"MaxResults":1})").error,
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.");
  m.caller.token_id = "";
  EXPECT_EQ(act("BatchGetSecretValue", R"({"SecretIdList":["a"]})").type, "AccessDeniedException");
}

TEST_F(Aws, KeepsAndEnforcesResourcePolicies) {
  create(1);
  EXPECT_EQ(member(act("GetResourcePolicy", ""), "ResourcePolicy"), "absent");
  const std::string deny =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]})";
  EXPECT_EQ(act("PutResourcePolicy", R"("ResourcePolicy":)" + q(deny)).error, "");
  EXPECT_EQ(member(act("GetResourcePolicy", ""), "ResourcePolicy"), q(deny));
  EXPECT_EQ(act("ListResourcePolicies", "").data, R"({"ResourcePolicies":[{"PolicyName":"default"}]})");
  EXPECT_EQ(act("GetSecretValue", "").type, "AccessDeniedException");
  EXPECT_NE(act("BatchGetSecretValue", R"({"SecretIdList":["s"]})").data.find(R"("ErrorCode":"AccessDeniedException")"), std::string::npos);
  EXPECT_EQ(stages(), "1:AWSCURRENT");
  m.scope.principal = "arn:aws:iam::123456789012:user/bob";
  EXPECT_EQ(get(), "one");
  EXPECT_EQ(act("PutResourcePolicy", R"("ResourcePolicy":"{}")").type, "MalformedPolicyDocumentException");
  const std::string open = R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}})";
  EXPECT_EQ(act("PutResourcePolicy", R"("BlockPublicPolicy":true,"ResourcePolicy":)" + q(open)).type, "PublicPolicyException");
  EXPECT_EQ(member(act("ValidateResourcePolicy", R"("ResourcePolicy":)" + q(open)), "PolicyValidationPassed"), "false");
  EXPECT_EQ(act("ValidateResourcePolicy", R"("ResourcePolicy":)" + q(deny)).data,
            R"({"PolicyValidationPassed":true,"ValidationErrors":[]})");
  act("DeleteResourcePolicy", "");
  EXPECT_EQ(member(act("GetResourcePolicy", ""), "ResourcePolicy"), "absent");
  EXPECT_EQ(act("PutResourcePolicy", R"("PolicyName":"other","ResourcePolicy":)" + q(deny)).type, "InvalidParameterException");
}

TEST_F(Aws, ADenyBindsTheRootPolicyTooButForThePolicyItself) {
  create(1);
  m.caller.root = true;
  const std::string deny = R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}})";
  EXPECT_EQ(act("PutResourcePolicy", R"("ResourcePolicy":)" + q(deny)).error, "");
  for (std::string_view action : {"GetSecretValue", "DescribeSecret", "DeleteSecret"})
    EXPECT_EQ(act(action, "").type, "AccessDeniedException") << action;
  EXPECT_EQ(member(act("GetResourcePolicy", ""), "ResourcePolicy"), q(deny));
  EXPECT_EQ(act("DeleteResourcePolicy", "").error, "");
  EXPECT_EQ(act("GetSecretValue", "").error, "");
}

TEST_F(Aws, ReplicasShowTheirPrimary) {
  m.scope.primary_region = "us-east-1";
  create(1);
  const Answered made = act("ReplicateSecretToRegions", R"("AddReplicaRegions":[{"Region":"eu-west-1","KmsKeyId":"alias/k"}])");
  EXPECT_EQ(member(made, "ReplicationStatus"), R"([{"Region":"eu-west-1","KmsKeyId":"alias/k","Status":"InSync"}])");
  put(2);
  const std::string suffix = member(made, "ARN").substr(member(made, "ARN").size() - 7, 6);
  const auto there = [&](std::string_view action, const std::string& body = "") {
    m.scope.region = "eu-west-1";
    Answered out = act(action, body, "s", "~eu-west-1/s");
    m.scope.region = "us-east-1";
    return out;
  };
  const Answered read = there("GetSecretValue");
  EXPECT_EQ(member(read, "SecretString"), q("v2"));
  EXPECT_EQ(member(read, "Name"), q("s"));
  EXPECT_EQ(member(read, "ARN"), q("arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-" + suffix));
  const Answered info = there("DescribeSecret");
  EXPECT_EQ(member(info, "PrimaryRegion"), q("us-east-1"));
  EXPECT_EQ(member(info, "KmsKeyId"), q("alias/k"));
  EXPECT_EQ(there("DeleteSecret").error, "Operation not permitted on a replica secret. Call must be made in primary secret's region.");
  EXPECT_EQ(act("DeleteSecret", "").error, "You can't delete secret arn:aws:secretsmanager:us-east-1:123456789012:secret:s-" + suffix +
                                               " that still has replica regions [eu-west-1].");
  EXPECT_EQ(m.write("data/~eu-west-1/s", R"({"data":{}})").status, 400);
  EXPECT_EQ(m.remove("metadata/s").status, 400);
  EXPECT_EQ(act("ListSecrets", "{}").data.find("eu-west-1"), std::string::npos);
  EXPECT_EQ(there("StopReplicationToReplica").error, "");
  put(3);
  EXPECT_EQ(member(there("GetSecretValue"), "SecretString"), q("v2"));
  EXPECT_EQ(member(there("GetSecretValue", R"("VersionStage":"AWSPREVIOUS")"), "SecretString"), q("one"));
  EXPECT_EQ(member(act("DescribeSecret", ""), "ReplicationStatus"), "absent");
  const Answered again = act("ReplicateSecretToRegions", R"("AddReplicaRegions":[{"Region":"eu-west-1"}])");
  EXPECT_NE(again.data.find(R"("Status":"Failed","StatusMessage":"Replication failed: Secret name s already exists in region eu-west-1.")"),
            std::string::npos);
  act("ReplicateSecretToRegions", R"("ForceOverwriteReplicaSecret":true,"AddReplicaRegions":[{"Region":"eu-west-1"}])");
  EXPECT_EQ(member(there("GetSecretValue"), "SecretString"), q("v3"));
  EXPECT_EQ(act("RemoveRegionsFromReplication", R"("RemoveReplicaRegions":["eu-west-1"])").data.find("eu-west"), std::string::npos);
  EXPECT_EQ(there("GetSecretValue").type, "ResourceNotFoundException");
  EXPECT_EQ(act("RemoveRegionsFromReplication", R"("RemoveReplicaRegions":["eu-west-1"])").error, "");
  EXPECT_EQ(act("ReplicateSecretToRegions", R"("AddReplicaRegions":[{"Region":"Europe"}])").type, "ValidationException");
  EXPECT_EQ(act("DeleteSecret", R"("ForceDeleteWithoutRecovery":true)").error, "");
  EXPECT_TRUE(m.store.values.empty());
}

TEST_F(Aws, RotatesOnlyWithAFunctionThatCanBeCalled) {
  create(1);
  const std::string token = R"("ClientRequestToken":)" + q(id(2));
  EXPECT_EQ(error(act("RotateSecret", token)), "InvalidRequestException: No Lambda rotation function ARN is associated with this secret.");
  EXPECT_EQ(act("RotateSecret", token + R"(,"RotationLambdaARN":"arn:aws:lambda:us-east-1:123456789012:function:f")").type,
            "AccessDeniedException");
  EXPECT_EQ(member(act("DescribeSecret", ""), "RotationEnabled"), "absent");
}

TEST_F(Aws, AuditHidesValues) {
  EXPECT_EQ(create(1, "hunter2").audit.find("hunter2"), std::string::npos);
  const Answered out = act("GetSecretValue", "");
  EXPECT_NE(out.audit.find(R"("SecretString":"*")"), std::string::npos);
  EXPECT_NE(out.audit.find(R"("Name":"s")"), std::string::npos);
}

}  // namespace
}  // namespace coffer
