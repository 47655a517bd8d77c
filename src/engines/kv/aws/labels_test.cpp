#include "engines/kv/aws/testing.h"

// Staging labels: where they are, how they move, which versions they keep.
namespace coffer::kv::aws::tests {
namespace {

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

}  // namespace
}  // namespace coffer::kv::aws::tests
