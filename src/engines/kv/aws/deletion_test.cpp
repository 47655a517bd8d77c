#include "engines/kv/aws/testing.h"

// Deletion: windows, restoring, what it means to the other doors.
namespace coffer::kv::aws::tests {
namespace {

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

}  // namespace
}  // namespace coffer::kv::aws::tests
