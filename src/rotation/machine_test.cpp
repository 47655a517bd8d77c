#include "rotation/machine.h"

#include <gtest/gtest.h>

#include "rotation/functions.h"

namespace coffer::rotation {
namespace {

using std::chrono::minutes;

Job running() {
  Job job{"app/db",
          "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf",
          "arn:aws:lambda:us-east-1:123456789012:function:f",
          {},
          {},
          {}};
  job.run.emplace(Run{"token", "proof", false, Step::create, 0, Time(Seconds(100)), Time(Seconds(100)), never});
  job.due = Time(Seconds(100));
  return job;
}

TEST(Machine, TheFourStepsInOrder) {
  Job job = running();
  for (const Step step : {Step::create, Step::set, Step::test, Step::finish}) {
    EXPECT_EQ(job.run->step, step);
    EXPECT_EQ(at_last_step(*job.run), step == Step::finish);
    if (step != Step::finish) advance(job, Time(Seconds(101)));
  }
  job.run->only_test = true;
  EXPECT_EQ(first_step(*job.run), Step::test);
  EXPECT_TRUE(at_last_step(*job.run));
}

TEST(Machine, AFailedAttemptBeginsAnewLaterAndLaterUntilItIsAbandoned) {
  const Policy policy{minutes(1), minutes(5), 5, 20};
  Job job = running();
  std::vector<std::int64_t> waits;
  Time now(Seconds(1000));
  for (int i = 0; i < 4; ++i) {
    job.run->step = Step::set;
    ASSERT_FALSE(attempt_failed(job, "no", policy, now));
    EXPECT_EQ(job.run->step, Step::create);
    waits.push_back(std::chrono::duration_cast<minutes>(job.due - now).count());
    now = job.due;
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 5}));
  job.run->step = Step::test;
  EXPECT_TRUE(attempt_failed(job, "never", policy, now));
  EXPECT_FALSE(job.run);
  EXPECT_EQ(job.due, never);
  ASSERT_EQ(job.history.size(), 5u);
  EXPECT_EQ(job.history[0].outcome, Outcome::failed);
  EXPECT_EQ(job.history[0].step, Step::set);
  EXPECT_EQ(job.history[4].outcome, Outcome::abandoned);
  EXPECT_EQ(job.history[4].error, "never");
  EXPECT_EQ(job.history[4].step, Step::test);
}

TEST(Machine, AShortLimitIsOneAttempt) {
  Job job = running();
  EXPECT_TRUE(attempt_failed(job, "no", {minutes(1), minutes(5), 1, 20}, never));
}

TEST(Machine, HistoryIsShort) {
  Job job = running();
  for (int i = 0; i < 30; ++i) (void)attempt_failed(job, std::to_string(i), {minutes(1), minutes(5), 100, 3}, never);
  ASSERT_EQ(job.history.size(), 3u);
  EXPECT_EQ(job.history.back().error, "29");
  EXPECT_EQ(job.history.front().error, "27");
}

TEST(Machine, TextsFromOutsideAreCutAndCleaned) {
  EXPECT_EQ(kept_text("a\nb\x01"), "a b ");
  EXPECT_EQ(kept_text("abcdef", 3), "abc...");
  EXPECT_EQ(kept_text("ab\xc3\xa9", 3), "ab...");
  EXPECT_EQ(kept_text("", 3), "");
}

TEST(Job, RoundTrip) {
  Job job = running();
  job.history.push_back({"t", true, Time(Seconds(1)), Time(Seconds(2)), Step::test, Outcome::abandoned, "why"});
  for (const bool runs : {true, false}) {
    if (!runs) job.run.reset();
    const std::string packed = encode(job);
    const auto back = decode_job(packed);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, job);
    for (std::size_t n = 0; n < packed.size(); ++n) EXPECT_FALSE(decode_job(std::string_view(packed).substr(0, n))) << n;
    EXPECT_FALSE(decode_job(packed + "x"));
  }
}

TEST(Functions, NamesOfFunctions) {
  EXPECT_EQ(function_name("arn:aws:lambda:us-east-1:123456789012:function:rotate"), "rotate");
  EXPECT_EQ(function_name("arn:aws:lambda:us-east-1:123456789012:function:rotate:7"), "rotate");
  EXPECT_EQ(function_name("rotate"), "rotate");
  EXPECT_EQ(function_name("arn:aws:s3:::bucket"), "arn:aws:s3:::bucket");
  EXPECT_TRUE(is_built_in("arn:aws:lambda:us-east-1:123456789012:function:builtin-generic-password"));
  EXPECT_FALSE(is_built_in("arn:aws:lambda:us-east-1:123456789012:function:my-builtin-x"));
}

}  // namespace
}  // namespace coffer::rotation
