#include "engines/kv/aws/testing.h"

// The actions as the real service was recorded to answer them, on the objects of a version 2 mount.
namespace coffer::kv::aws::tests {
namespace {

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
                                               " that still has replica regions [eu-west-1]");
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
}  // namespace coffer::kv::aws::tests
