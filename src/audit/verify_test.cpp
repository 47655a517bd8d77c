#include "audit/test_support.h"

namespace coffer::audit {
namespace {
using namespace testing;

// A log of one node: start, enable, then pairs with a checkpoint after each ten, and each manipulation of it.
class VerifyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker = open_broker(folder, clock);
    unseal(*broker);
    key = broker->public_key();
    ASSERT_TRUE(broker->enable(file_device(log), false));
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(write_pair(*broker));
      if (i % 10 == 9) broker->checkpoint();
    }
    newest = broker->head();
    broker.reset();
    lines = lines_of(log);
    ASSERT_EQ(lines.size(), 107u);
  }
  VerifyReport check(const std::vector<std::string>& changed, const VerifyOptions& options = {}) {
    std::string text;
    for (const std::string& line : changed) text.append(line).push_back('\n');
    write_file(folder.file("changed.log"), text);
    return verified({folder.file("changed.log")}, options);
  }
  // Line numbers count from 1, as do sequence numbers: line n holds record n.
  TemporaryFolder folder;
  ManualClock clock;
  std::string log = folder.file("audit.log"), key;
  ChainHead newest;
  std::vector<std::string> lines;
};

TEST_F(VerifyTest, AcceptsWhatWasWritten) {
  const VerifyReport report = check(lines, {key, "node-1", newest});
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_EQ(report.records, 107u);
  EXPECT_EQ(report.checkpoints, 5u);
  EXPECT_EQ(report.unsigned_tail, 0u);
  EXPECT_EQ(report.public_key, key);
  EXPECT_EQ(report.last, newest);
}

TEST_F(VerifyTest, FindsEachFlippedBit) {
  for (const std::size_t line : {0u, 1u, 29u, 60u, 94u, 95u})
    for (std::size_t at = 0; at < lines[line].size(); at += 7) {
      auto changed = lines;
      changed[line][at] = static_cast<char>(changed[line][at] ^ 1);
      const VerifyReport report = check(changed);
      EXPECT_FALSE(report.ok) << line << " " << at;
      EXPECT_EQ(report.first_bad_seq, line + 1) << line << " " << at << ": " << report.first_problem;
      EXPECT_THAT(report.first_problem, ::testing::HasSubstr("changed.log:"));
    }
}

TEST_F(VerifyTest, FindsDeletedRecords) {
  auto changed = lines;
  changed.erase(changed.begin() + 40, changed.begin() + 43);
  const VerifyReport report = check(changed);
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.first_bad_seq, 41u);
  EXPECT_THAT(report.first_problem, ::testing::HasSubstr("changed.log:41"));
  changed = lines;
  changed.erase(changed.begin(), changed.begin() + 20);
  EXPECT_THAT(check(changed).first_problem, ::testing::HasSubstr("earlier records were removed"));
}

TEST_F(VerifyTest, FindsInsertedDuplicatedAndReorderedRecords) {
  auto changed = lines;
  changed.insert(changed.begin() + 40, changed[30]);
  EXPECT_EQ(check(changed).first_bad_seq, 31u);
  changed = lines;
  changed.insert(changed.begin() + 40, changed[40]);
  EXPECT_EQ(check(changed).first_bad_seq, 41u);
  changed = lines;
  std::swap(changed[40], changed[41]);
  EXPECT_EQ(check(changed).first_bad_seq, 41u);
  changed = lines;
  changed.insert(changed.begin() + 40, R"({"time":"2027-01-15T08:00:00Z","type":"request"})");
  EXPECT_EQ(check(changed).first_bad_seq, 41u);
  changed = lines;
  changed.insert(changed.begin() + 40, "");
  EXPECT_FALSE(check(changed).ok);
}

TEST_F(VerifyTest, FindsTheCutTail) {
  auto changed = lines;
  changed.resize(100);
  const VerifyReport report = check(changed, {key, "", {}});
  EXPECT_TRUE(report.ok);  // nothing in the file tells, but the tail is said to be unsigned
  EXPECT_EQ(report.unsigned_tail, 100u - 85u);
  EXPECT_THAT(report.notes, ::testing::Contains(::testing::HasSubstr("not signed yet")));
  const VerifyReport known = check(changed, {key, "", newest});
  EXPECT_FALSE(known.ok);
  EXPECT_EQ(known.first_bad_seq, 101u);
}

TEST_F(VerifyTest, FindsAnOlderFile) {
  const std::string older = folder.file("older.log");
  std::filesystem::copy_file(log, older);
  EXPECT_EQ(verified({log, older}).first_bad_seq, 1u);
  {
    auto broker = open_broker(folder, clock);
    unseal(*broker);
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker));
  }
  const auto head = stored_head(folder.file("data"));
  ASSERT_TRUE(head.has_value());
  EXPECT_TRUE(verified({log}, {key, "", head}).ok) << verified({log}, {key, "", head}).first_problem;
  EXPECT_FALSE(verified({older}, {key, "", head}).ok);
  EXPECT_TRUE(verified({older}, {key, "", {}}).ok);
}

TEST_F(VerifyTest, FindsRecordsOfAnotherNode) {
  TemporaryFolder elsewhere;
  const std::string other_log = elsewhere.file("audit.log");
  for (const char seed : {char{1}, char{2}}) {  // the same cluster's key, and another one
    std::filesystem::remove_all(elsewhere.file("data"));
    std::filesystem::remove(other_log);
    auto broker = open_broker(elsewhere, clock, "node-2");
    unseal(*broker, seed);
    ASSERT_TRUE(broker->enable(file_device(other_log), false));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(write_pair(*broker));
    broker.reset();
    const auto other = lines_of(other_log);
    auto changed = lines;
    changed.insert(changed.begin() + 50, other.begin() + 6, other.begin() + 8);
    EXPECT_EQ(check(changed).first_bad_seq, 7u);
    changed = lines;
    changed.insert(changed.begin() + 50, other.begin(), other.begin() + 8);  // from its start, but unsigned
    EXPECT_THAT(check(changed).first_problem, ::testing::HasSubstr("no checkpoint of that key"));
    changed = lines;
    changed.insert(changed.begin() + 50, other.begin(), other.end());
    const VerifyReport whole = check(changed);
    EXPECT_EQ(whole.ok, seed == 1) << whole.first_problem;
    EXPECT_TRUE(check(changed, {key, "node-1", {}}).ok);
  }
}

TEST_F(VerifyTest, FindsAForgedChainWithoutTheKey) {
  // Everything hashed again by somebody without the key: the signatures do not fit.
  auto changed = lines;
  changed[30].replace(changed[30].find("\"read\""), 6, "\"list\"");
  EXPECT_FALSE(check(changed).ok);
  TemporaryFolder elsewhere;
  auto broker = open_broker(elsewhere, clock);
  unseal(*broker, 9);
  ASSERT_TRUE(broker->enable(file_device(elsewhere.file("a.log")), false));
  ASSERT_TRUE(write_pair(*broker));
  broker.reset();
  EXPECT_TRUE(verified({elsewhere.file("a.log")}).ok);
  EXPECT_FALSE(verified({elsewhere.file("a.log")}, {key, "", {}}).ok);
  EXPECT_THAT(verified({log, elsewhere.file("a.log")}).first_problem, ::testing::HasSubstr("record 1"));
}

TEST_F(VerifyTest, SaysThatARecordIsTornNotForged) {
  std::string text = read_file(log);
  text.resize(text.size() - 100);
  write_file(log, text);
  const VerifyReport torn = verified({log});
  EXPECT_TRUE(torn.ok) << torn.first_problem;
  EXPECT_THAT(torn.notes, ::testing::Contains(::testing::HasSubstr("torn")));
  {
    auto broker = open_broker(folder, clock);
    unseal(*broker);
    ASSERT_TRUE(broker->enable(file_device(log), false));
    ASSERT_TRUE(write_pair(*broker));
  }
  const VerifyReport closed = verified({log});
  EXPECT_TRUE(closed.ok) << closed.first_problem;
  EXPECT_THAT(closed.notes, ::testing::Contains(::testing::HasSubstr("closed by a recovery record")));
  // A torn line that no recovery record explains was made by somebody else.
  auto changed = lines;
  changed[50].resize(80);
  EXPECT_EQ(check(changed).first_bad_seq, 51u);
}

TEST_F(VerifyTest, LeavesOutLinesOfAnotherServerBeforeOurs) {
  auto changed = lines;
  changed.insert(changed.begin(), R"({"auth":{},"time":"2026-01-01T00:00:00.1Z","type":"request"})");
  const VerifyReport report = check(changed);
  EXPECT_TRUE(report.ok) << report.first_problem;
  EXPECT_THAT(report.notes, ::testing::Contains(::testing::HasSubstr("another server")));
}

TEST(Verify, RefusesWhatItCannotRead) {
  EXPECT_FALSE(verify(std::vector<std::string>{"/nonexistent/audit.log"}));
  EXPECT_FALSE(verify(std::vector<std::string>{}, {"abc", "", {}}));
  EXPECT_FALSE(verify(std::vector<std::string>{})->ok);
}

}  // namespace
}  // namespace coffer::audit
