#include "rotation/schedule.h"

#include <gtest/gtest.h>

namespace coffer::rotation {
namespace {

Time at(std::string_view text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time) << text;
  return time ? *time : Time{};
}

std::string shown(const std::optional<Window>& window) { return window ? rfc3339(window->start) + " " + rfc3339(window->end) : "none"; }

std::string next(std::string_view expression, std::string_view since, std::string_view duration = "") {
  const auto schedule = Schedule::parse(expression, duration);
  if (!schedule) return schedule.error().message;
  return shown(schedule->next(at(since)));
}

TEST(Schedule, ARateInDaysStartsAtMidnightAndLastsTheDay) {
  EXPECT_EQ(next("rate(10 days)", "2026-11-28T10:11:12Z"), "2026-12-08T00:00:00Z 2026-12-09T00:00:00Z");
  EXPECT_EQ(next("rate(1 day)", "2026-12-31T23:59:59Z"), "2027-01-01T00:00:00Z 2027-01-02T00:00:00Z");
  EXPECT_EQ(next("rate(1 day)", "2026-12-31T00:00:00Z", "3h"), "2027-01-01T00:00:00Z 2027-01-01T03:00:00Z");
  EXPECT_EQ(next("rate(2 days)", "2026-01-01T00:00:00Z", "24h"), "2026-01-03T00:00:00Z 2026-01-04T00:00:00Z");
}

TEST(Schedule, ARateInHoursLastsAnHourAndStartsOnTheHour) {
  EXPECT_EQ(next("rate(4 hours)", "2026-11-28T10:11:12Z"), "2026-11-28T14:00:00Z 2026-11-28T15:00:00Z");
  EXPECT_EQ(next("rate(12 hours)", "2026-11-28T12:00:00Z", "12h"), "2026-11-29T00:00:00Z 2026-11-29T12:00:00Z");
  EXPECT_EQ(next("rate(5 hours)", "2026-11-28T17:00:00Z", "4h"), "2026-11-28T22:00:00Z 2026-11-29T00:00:00Z") << "not into the next day";
}

TEST(Schedule, DaysAfterTheLastRotation) {
  EXPECT_EQ(shown(Schedule::every(30, "")->next(at("2026-01-15T22:00:00Z"))), "2026-02-14T00:00:00Z 2026-02-15T00:00:00Z");
  EXPECT_EQ(shown(Schedule::every(1000, "2h")->next(at("2026-01-01T22:00:00Z"))), "2028-09-27T00:00:00Z 2028-09-27T02:00:00Z");
  EXPECT_FALSE(Schedule::every(0, ""));
  EXPECT_FALSE(Schedule::every(1001, ""));
}

TEST(Schedule, CronExpressions) {
  EXPECT_EQ(next("cron(0 16 1,15 * ? *)", "2026-11-28T10:00:00Z"), "2026-12-01T16:00:00Z 2026-12-02T00:00:00Z");
  EXPECT_EQ(next("cron(0 16 1,15 * ? *)", "2026-12-01T16:00:00Z"), "2026-12-15T16:00:00Z 2026-12-16T00:00:00Z")
      << "a window has one rotation";
  EXPECT_EQ(next("cron(0 8 1 * ? *)", "2026-11-01T07:59:59Z", "3h"), "2026-11-01T08:00:00Z 2026-11-01T11:00:00Z");
  EXPECT_EQ(next("cron(0 /12 * * ? *)", "2026-11-28T10:00:00Z"), "2026-11-28T12:00:00Z 2026-11-28T13:00:00Z");
  EXPECT_EQ(next("cron(0 */8 * * ? *)", "2026-11-28T16:00:00Z"), "2026-11-29T00:00:00Z 2026-11-29T01:00:00Z");
  EXPECT_EQ(next("cron(0 2/8 * * ? *)", "2026-11-28T18:30:00Z"), "2026-11-29T02:00:00Z 2026-11-29T03:00:00Z");
  EXPECT_EQ(next("cron(0 10 ? FEB,MAY,AUG,NOV TUE#2 *)", "2026-11-28T00:00:00Z"), "2027-02-09T10:00:00Z 2027-02-10T00:00:00Z");
  EXPECT_EQ(next("cron(0 0 L * ? *)", "2027-02-01T00:00:00Z"), "2027-02-28T00:00:00Z 2027-03-01T00:00:00Z");
  EXPECT_EQ(next("cron(0 0 ? * L *)", "2026-11-27T00:00:00Z"), "2026-11-28T00:00:00Z 2026-11-29T00:00:00Z");
  EXPECT_EQ(next("cron(0 0 ? * 5L *)", "2026-11-27T00:00:00Z"), "2026-12-31T00:00:00Z 2027-01-01T00:00:00Z");
  EXPECT_EQ(next("cron(0 3 ? * SUN *)", "2026-11-28T00:00:00Z"), "2026-11-29T03:00:00Z 2026-11-30T00:00:00Z");
  EXPECT_EQ(next("cron(0 3 ? * MON-FRI *)", "2026-11-28T00:00:00Z"), "2026-11-30T03:00:00Z 2026-12-01T00:00:00Z");
  EXPECT_EQ(next("cron(0 3 29 2 ? *)", "2096-03-01T00:00:00Z"), "2104-02-29T03:00:00Z 2104-03-01T00:00:00Z");
  EXPECT_EQ(next("cron(0 3 ? 2 1#5 *)", "2060-03-01T00:00:00Z"), "2088-02-29T03:00:00Z 2088-03-01T00:00:00Z");
  EXPECT_EQ(next("cron(0 3 1-9/4 JAN-MAR ? *)", "2026-01-05T03:00:00Z"), "2026-01-09T03:00:00Z 2026-01-10T00:00:00Z");
}

TEST(Schedule, WhatIsNoSchedule) {
  const auto refused = [](std::string_view expression, std::string_view duration = "") { return !Schedule::parse(expression, duration); };
  for (const std::string_view text : {"",
                                      "rate()",
                                      "rate(3 hours)",
                                      "rate(0 days)",
                                      "rate(1000 days)",
                                      "rate(23977 hours)",
                                      "rate(-1 days)",
                                      "rate(5 weeks)",
                                      "rate(5days)",
                                      "rate(5  days)",
                                      "rate(1.5 days)",
                                      "rate(10 days) ",
                                      " rate(10 days)",
                                      "rate(9999999 days)",
                                      "every(1 day)",
                                      "cron()",
                                      "cron(0 8 1 * ?)",
                                      "cron(5 8 1 * ? *)",
                                      "cron(* 8 1 * ? *)",
                                      "cron(0 8 1 * * *)",
                                      "cron(0 8 ? * ? *)",
                                      "cron(0 8 1 * ? 2027)",
                                      "cron(0 24 1 * ? *)",
                                      "cron(0 8 0 * ? *)",
                                      "cron(0 8 32 * ? *)",
                                      "cron(0 8 1 13 ? *)",
                                      "cron(0 8 ? * 8 *)",
                                      "cron(0 8 ? * 0 *)",
                                      "cron(0 8 ? * MON#6 *)",
                                      "cron(0 8 ? * #1 *)",
                                      "cron(0 8 30 2 ? *)",
                                      "cron(0 8 1 FEBRUARY ? *)",
                                      "cron(0 8 15W * ? *)",
                                      "cron(0 8 5-1 * ? *)",
                                      "cron(0 /0 1 * ? *)",
                                      "cron(0 8  1 * ? *)",
                                      "cron(0 8 1, * ? *)",
                                      "cron(0 8,9 * * ? *)",
                                      "cron(0 0,21 * * ? *)",
                                      "cron(0 * * * ? *)",
                                      "cron(0 /3 * * ? *)"})
    EXPECT_TRUE(refused(text)) << text;
  for (const std::string_view duration : {"0h", "25h", "h", "-1h", "1", "3m"}) EXPECT_TRUE(refused("rate(1 day)", duration)) << duration;
  EXPECT_TRUE(refused("rate(4 hours)", "5h"));
  EXPECT_TRUE(refused("cron(0 16 * * ? *)", "9h"));
  EXPECT_FALSE(refused("cron(0 16 * * ? *)", "8h"));
  EXPECT_TRUE(refused("cron(0 0,8 * * ? *)", "9h"));
  EXPECT_FALSE(refused("cron(0 0,8 * * ? *)", "8h"));
}

TEST(Schedule, DaysAsAwsShowsThem) {
  const auto days = [](std::string_view expression) { return Schedule::parse(expression, "")->days(at("2026-11-28T00:00:00Z")); };
  EXPECT_EQ(days("rate(10 days)"), 10);
  EXPECT_EQ(days("rate(4 hours)"), 1);
  EXPECT_EQ(days("rate(36 hours)"), 2);
  EXPECT_EQ(days("cron(0 16 1,15 * ? *)"), 14);
  EXPECT_EQ(days("cron(0 8 1 * ? *)"), 31);
  EXPECT_EQ(days("cron(0 /12 * * ? *)"), 1);
}

}  // namespace
}  // namespace coffer::rotation
