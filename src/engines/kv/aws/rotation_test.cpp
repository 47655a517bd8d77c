#include <gtest/gtest.h>

#include "backend/testing.h"
#include "base/json.h"
#include "engines/kv/kv.h"
#include "rotation/functions.h"
#include "rotation/machine.h"
#include "rotation/queue.h"
#include "rotation/rotating.h"

// When secrets rotate, with a clock that the test moves, and what a run leaves behind.
namespace coffer {
namespace {

using testing::Answered;
using testing::TestMount;

class AnyFunction final : public rotation::Functions {
 public:
  [[nodiscard]] bool knows(std::string_view) const override { return true; }
  [[nodiscard]] Result<void> invoke(const rotation::Call&) const override { return {}; }
};

Time at(std::string_view text) { return *parse_rfc3339(text); }

class Rotation : public ::testing::Test {
 protected:
  Rotation() { m.scope.principal = "arn:aws:iam::123456789012:user/ann"; }

  Answered act(const std::string& action, const std::string& body = "") {
    const bool value = action == "CreateSecret" || action == "PutSecretValue";
    return m.act(
        "secretsmanager:" + action, value ? "data/s" : "metadata/s",
        std::string(R"({")") + (action == "CreateSecret" ? "Name" : "SecretId") + R"(":"s")" + (body.empty() ? "" : ",") + body + "}");
  }
  static std::string token(int n) { return R"("ClientRequestToken":"00000000-0000-4000-8000-00000000000)" + std::to_string(n) + "\""; }
  void create() { ASSERT_EQ(act("CreateSecret", token(1) + R"(,"SecretString":"one")").status, 200); }
  Answered rotate(int n, const std::string& more = "") {
    return act("RotateSecret",
               token(n) + R"(,"RotationLambdaARN":"arn:aws:lambda:us-east-1:123456789012:function:builtin-generic-password")" + more);
  }
  Answered rules(const std::string& expression, const std::string& more = R"(,"RotateImmediately":false)") {
    return rotate(2, R"(,"RotationRules":{"ScheduleExpression":")" + expression + "\"}" + more);
  }
  void move_to(std::string_view time) { m.clock.advance(at(time) - m.clock.now()); }

  rotation::Job job() {
    auto found = rotation::find_job(m.store, "s");
    EXPECT_TRUE(found && *found);
    return **found;
  }
  // What the scheduler does with a job that is due, for functions that are built in.
  void run_all() {
    for (int i = 0; i < 20; ++i) {
      const Time now = m.clock.now();
      const auto due = *rotation::due_jobs(m.store, now, 10);
      if (due.empty()) return;
      rotation::Job job = **rotation::find_job(m.store, due.front().object);
      ASSERT_TRUE(*m.rotating()->prepare(m.store, job, now));
      if (job.run && job.due <= now) {
        ASSERT_EQ(*m.rotating()->make_step(m.store, job, now), "");
        if (rotation::at_last_step(*job.run)) {
          ASSERT_EQ(*m.rotating()->complete(m.store, job, now), "");
          const Time next = job.due;
          rotation::end_run(job, rotation::Outcome::succeeded, "", 20, now);
          job.due = next;
        } else {
          rotation::advance(job, now);
        }
      }
      ASSERT_TRUE(rotation::put_job(m.store, job));
    }
    ADD_FAILURE() << "there is no end of what is due";
  }
  std::string described(const std::string& member) {
    const auto document = json::Document::parse(act("DescribeSecret").data);
    const auto found = document->root().find(member);
    return found ? std::string(found->raw()) : "absent";
  }
  std::string next_date() {
    const std::string raw = described("NextRotationDate");
    return raw == "absent" ? raw : rfc3339(Time(Seconds(std::stoll(raw))));
  }
  std::size_t rotations() { return job().history.size(); }

  AnyFunction functions;
  TestMount m{make_kv2, "kv", &functions};
};

TEST_F(Rotation, HappensWithinItsWindowAndOnce) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rules("cron(0 16 1,15 * ? *)").status, 200);
  run_all();
  EXPECT_EQ(rotations(), 1u) << "the test alone";
  EXPECT_EQ(next_date(), "2027-02-01T23:59:59Z");
  EXPECT_GE(job().due, at("2027-02-01T16:00:00Z"));
  EXPECT_LT(job().due, at("2027-02-02T00:00:00Z"));
  move_to("2027-02-01T15:59:59Z");
  run_all();
  EXPECT_EQ(rotations(), 1u);
  move_to("2027-02-01T23:59:59Z");
  run_all();
  EXPECT_EQ(rotations(), 2u);
  EXPECT_FALSE(job().history.back().only_test);
  EXPECT_EQ(next_date(), "2027-02-15T23:59:59Z");
  EXPECT_EQ(described("LastRotatedDate"), std::to_string(unix_seconds(at("2027-02-01T23:59:59Z"))));
  EXPECT_EQ(described("RotationRules"), R"x({"AutomaticallyAfterDays":14,"ScheduleExpression":"cron(0 16 1,15 * ? *)"})x");
}

TEST_F(Rotation, AMissedRotationIsMadeUpForOnce) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rules("rate(4 hours)").status, 200);
  run_all();
  EXPECT_EQ(next_date(), "2027-02-01T14:59:59Z");
  move_to("2027-02-20T07:30:00Z");  // the server was off
  run_all();
  EXPECT_EQ(rotations(), 2u);
  EXPECT_EQ(next_date(), "2027-02-20T11:59:59Z");
}

TEST_F(Rotation, AWindowThatWasMissedIsLeftOut) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rotate(2, R"x(,"RotationRules":{"ScheduleExpression":"rate(4 hours)","Duration":"1h"},"RotateImmediately":false)x").status, 200);
  run_all();
  EXPECT_EQ(next_date(), "2027-02-01T14:59:59Z");
  move_to("2027-02-20T07:30:00Z");  // the server was off
  run_all();
  EXPECT_EQ(rotations(), 1u);
  EXPECT_EQ(next_date(), "2027-02-20T11:59:59Z");
  move_to("2027-02-20T11:59:59.5Z");  // the last second
  run_all();
  EXPECT_EQ(rotations(), 2u);
}

TEST_F(Rotation, WindowsDoNotDrift) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rotate(2, R"x(,"RotateImmediately":false,"RotationRules":{"ScheduleExpression":"rate(8 hours)","Duration":"4h"})x").status,
            200);
  run_all();
  for (const std::string_view window : {"2027-02-01T18:00:00Z", "2027-02-02T02:00:00Z", "2027-02-02T10:00:00Z"}) {
    EXPECT_GE(job().due, at(window));
    EXPECT_LT(job().due, at(window) + std::chrono::hours(4));
    m.clock.advance(job().due - m.clock.now());
    run_all();
  }
  EXPECT_EQ(rotations(), 4u);
}

TEST_F(Rotation, AWriteByHandCountsAsOne) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rotate(2, R"(,"RotationRules":{"AutomaticallyAfterDays":10})").status, 200);
  run_all();
  EXPECT_EQ(next_date(), "2027-02-11T23:59:59Z");
  move_to("2027-02-05T09:00:00Z");
  ASSERT_EQ(act("PutSecretValue", token(3) + R"(,"SecretString":"by hand")").status, 200);
  EXPECT_EQ(next_date(), "2027-02-15T23:59:59Z");
  move_to("2027-02-12T00:00:00Z");
  run_all();
  EXPECT_EQ(rotations(), 1u) << "the window moved";
  EXPECT_EQ(next_date(), "2027-02-15T23:59:59Z");
  move_to("2027-02-14T09:00:00Z");
  ASSERT_EQ(m.write("data/s", R"({"data":{"a":"b"}})").status, 200);  // whichever API writes
  EXPECT_EQ(next_date(), "2027-02-24T23:59:59Z");
  move_to("2027-02-24T23:59:59Z");
  run_all();
  EXPECT_EQ(rotations(), 2u);
}

TEST_F(Rotation, WithoutRulesItHappensOnce) {
  create();
  ASSERT_EQ(rotate(2).status, 200);
  run_all();
  EXPECT_EQ(rotations(), 1u);
  EXPECT_EQ(next_date(), "absent");
  EXPECT_EQ(job().due, rotation::never);
  EXPECT_EQ(described("RotationEnabled"), "true");
}

TEST_F(Rotation, ADeletedSecretRestsUntilItIsBackOrGone) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rules("rate(1 day)").status, 200);
  run_all();
  ASSERT_EQ(act("DeleteSecret", R"("RecoveryWindowInDays":7)").status, 200);
  move_to("2027-02-02T23:59:59Z");
  run_all();
  EXPECT_EQ(rotations(), 1u);
  ASSERT_EQ(act("RestoreSecret").status, 200);
  EXPECT_EQ(next_date(), "2027-02-03T23:59:59Z");
  move_to("2027-02-03T23:59:59Z");
  run_all();
  EXPECT_EQ(rotations(), 2u);
  ASSERT_EQ(act("DeleteSecret", R"("RecoveryWindowInDays":7)").status, 200);
  move_to("2027-02-12T00:00:00Z");
  ASSERT_TRUE(m.chores());
  EXPECT_TRUE(!*rotation::find_job(m.store, "s"));
  EXPECT_TRUE(rotation::due_jobs(m.store, m.clock.now() + std::chrono::hours(10000), 10)->empty());
}

TEST_F(Rotation, RecoveryByAzureBringsTheScheduleBack) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rules("rate(10 days)").status, 200);
  run_all();
  EXPECT_EQ(next_date(), "2027-02-11T23:59:59Z");
  ASSERT_EQ(m.act("keyvault:DeleteSecret", "metadata/s", "{}").status, 200);
  move_to("2027-02-12T08:00:00Z");
  run_all();
  ASSERT_EQ(m.act("keyvault:RecoverDeletedSecret", "undelete/s", "{}").status, 200);
  EXPECT_EQ(next_date(), "2027-02-22T23:59:59Z");
  EXPECT_GE(job().due, at("2027-02-22T00:00:00Z"));
  move_to("2027-02-14T00:00:00Z");
  run_all();
  EXPECT_EQ(rotations(), 1u);
  move_to("2027-02-22T23:59:59Z");
  run_all();
  EXPECT_EQ(rotations(), 2u);
}

TEST_F(Rotation, AJobThatIsDueTooEarlyWaits) {
  move_to("2027-02-01T10:20:00Z");
  create();
  ASSERT_EQ(rules("rate(10 days)").status, 200);
  run_all();
  rotation::Job early = job();
  early.due = at("2027-02-03T00:00:00Z");
  ASSERT_TRUE(rotation::put_job(m.store, early));
  move_to("2027-02-03T00:00:01Z");
  run_all();
  EXPECT_EQ(rotations(), 1u);
  EXPECT_GE(job().due, at("2027-02-11T00:00:00Z"));
  EXPECT_EQ(next_date(), "2027-02-11T23:59:59Z");
}

TEST_F(Rotation, ThePresentVersionIsTheOneThatWasMade) {
  create();
  ASSERT_EQ(rotate(2).status, 200);
  const Answered pending = act("DescribeSecret");
  EXPECT_NE(pending.data.find(R"("00000000-0000-4000-8000-000000000002":["AWSPENDING"])"), std::string::npos) << pending.data;
  EXPECT_EQ(m.act("secretsmanager:GetSecretValue", "data/s", R"({"SecretId":"s","VersionStage":"AWSPENDING"})").type,
            "ResourceNotFoundException");
  run_all();
  EXPECT_NE(act("DescribeSecret").data.find(R"("00000000-0000-4000-8000-000000000002":["AWSCURRENT","AWSPENDING"])"), std::string::npos);
  // Another one is asked for while none is under way.
  ASSERT_EQ(rotate(3).status, 200);
  EXPECT_EQ(rotate(4).error, "A previous rotation isn't complete. That rotation will be reattempted.");
  EXPECT_EQ(rotate(3).status, 200) << "the same again";
}

TEST_F(Rotation, AFunctionThatMovesNothingHasNotRotated) {
  create();
  ASSERT_EQ(act("RotateSecret", token(2) + R"(,"RotationLambdaARN":"fn")").status, 200);
  rotation::Job job = this->job();
  ASSERT_TRUE(*m.rotating()->prepare(m.store, job, m.clock.now()));
  job.run->step = rotation::Step::finish;
  EXPECT_NE(*m.rotating()->complete(m.store, job, m.clock.now()), "");
  EXPECT_EQ(m.rotating()->action(job), "secretsmanager:RotateSecret/finishSecret");
  const std::string event = m.rotating()->event(job);
  EXPECT_NE(event.find(R"("Step":"finishSecret")"), std::string::npos) << event;
  EXPECT_NE(event.find(R"("SecretId":"arn:aws:secretsmanager:us-east-1:123456789012:secret:s-)"), std::string::npos) << event;
}

TEST_F(Rotation, TheQueueIsInOrderOfTime) {
  const Time now = m.clock.now();
  rotation::Job job;
  const auto put = [&](std::string_view object, Time due) {
    job.object = object;
    job.due = due;
    ASSERT_TRUE(rotation::put_job(m.store, job));
  };
  put("late", now + Seconds(1));
  put("b/second", now - Seconds(1));
  put("first", now - Seconds(2));
  put("third", now);
  put("never", rotation::never);
  std::vector<std::string> seen;
  std::string after;
  for (int i = 0; i < 10; ++i) {
    const auto due = rotation::due_jobs_after(m.store, now, after, 1);
    ASSERT_TRUE(due);
    if (due->empty()) break;
    seen.push_back(due->front().object);
    after = due->front().key;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"first", "b/second", "third"}));
  put("first", now + Seconds(5));
  EXPECT_EQ(rotation::due_jobs(m.store, now, 10)->size(), 2u);
  ASSERT_TRUE(rotation::erase_job(m.store, "third"));
  EXPECT_EQ(rotation::due_jobs(m.store, now, 10)->size(), 1u);
  // A million that rest are not looked at.
  for (int i = 0; i < 20'000; ++i) m.store.values.emplace("q/" + std::string(16, 'f') + "/" + std::to_string(i), "");
  m.store.gets = 0;
  EXPECT_EQ(rotation::due_jobs(m.store, now, 10)->size(), 1u);
  EXPECT_EQ(m.store.gets, 0);
}

TEST_F(Rotation, TwentyLabelsLeaveNoRoom) {
  create();
  std::string labels;
  for (int i = 0; i < 19; ++i) labels += (i ? ",\"" : "\"") + std::string("L") + std::to_string(i) + "\"";
  ASSERT_EQ(act("PutSecretValue", token(3) + R"(,"SecretString":"x","VersionStages":[)" + labels + "]").status, 200);
  EXPECT_EQ(rotate(2).type, "LimitExceededException");
  EXPECT_EQ(described("RotationEnabled"), "absent");
}

}  // namespace
}  // namespace coffer
