#include "engines/kv/aws/testing.h"

// Policies in IAM's language.
namespace coffer::kv::aws::tests {
namespace {

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

// A member that the action does not take is ignored, by conditions too: it must not make a request look like another.
TEST_F(Aws, ConditionsSeeOnlyWhatTheActionTakes) {
  create(1);
  const auto deny_get_where = [&](std::string_view condition) {
    return act("PutResourcePolicy",
               R"("ResourcePolicy":)" +
                   q(R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetSecretValue",)"
                     R"("Resource":"*","Condition":)" +
                     std::string(condition) + "}}"))
        .error;
  };
  ASSERT_EQ(deny_get_where(R"({"StringNotEquals":{"aws:RequestTag/team":"a"}})"), "");
  EXPECT_EQ(act("GetSecretValue", "").type, "AccessDeniedException");
  EXPECT_EQ(act("GetSecretValue", R"("Tags":[{"Key":"team","Value":"a"}])").type, "AccessDeniedException");
  ASSERT_EQ(deny_get_where(R"({"StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}})"), "");
  EXPECT_EQ(act("GetSecretValue", R"("VersionId":)" + q(id(1))).error, "");
  EXPECT_NE(act("BatchGetSecretValue", R"({"SecretIdList":["s"],"VersionStage":"AWSPREVIOUS"})")
                .data.find(R"("ErrorCode":"AccessDeniedException")"),
            std::string::npos);
}

}  // namespace
}  // namespace coffer::kv::aws::tests
