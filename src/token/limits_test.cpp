#include "token/limits.h"

#include <gtest/gtest.h>

namespace coffer::token {
namespace {

constexpr Time born{Seconds(1'800'000'000)};

TtlInput renewal(Duration age) {
  TtlInput in;
  in.requested = Seconds(3600);
  in.mount_default = Seconds(2'764'800);
  in.mount_max = Seconds(2'764'800);
  in.created = born;
  in.now = born + age;
  return in;
}

TEST(EffectiveTtl, TheSmallestLimitHolds) {  // security.md H03
  TtlInput in = renewal(Duration(0));
  in.created.reset();
  EXPECT_EQ(effective_ttl(in).ttl, Seconds(3600));
  EXPECT_EQ(effective_ttl(in).expire, born + Seconds(3600));
  in.requested = Seconds(0);
  EXPECT_EQ(effective_ttl(in).ttl, in.mount_default);
  in.max = Seconds(600);
  EXPECT_EQ(effective_ttl(in).ttl, Seconds(600));
  in.explicit_max = Seconds(60);
  EXPECT_EQ(effective_ttl(in).ttl, Seconds(60));
  in.period = Seconds(30);
  EXPECT_EQ(effective_ttl(in).ttl, Seconds(30));
  in.period = Seconds(90);
  EXPECT_EQ(effective_ttl(in).ttl, Seconds(60)) << "a period does not pass explicit_max either";
  in.explicit_max = in.max = Seconds(0);
  in.period = Seconds(3'000'000);
  const TtlResult capped = effective_ttl(in);
  EXPECT_EQ(capped.ttl, in.mount_max);
  ASSERT_EQ(capped.warnings.size(), 1U);
  EXPECT_EQ(capped.warnings[0],
            "period of \"833h20m\" exceeded the effective max_ttl of \"768h\"; period value is capped accordingly");
}

TEST(EffectiveTtl, ARenewalNeverPassesTheMaximumByRounding) {  // security.md H02
  for (const bool is_explicit : {false, true}) {
    for (int tenths = 0; tenths <= 40; ++tenths) {
      TtlInput in = renewal(std::chrono::milliseconds(100 * tenths));
      (is_explicit ? in.explicit_max : in.max) = Seconds(3);
      const TtlResult out = effective_ttl(in);
      if (tenths >= 30) {
        EXPECT_EQ(out.ttl, Seconds(0)) << "its time is over";
        continue;
      }
      EXPECT_EQ(out.expire, born + Seconds(3)) << tenths;
      EXPECT_GT(out.ttl, Seconds(0));
      EXPECT_LE(out.ttl, Seconds(3));
    }
  }
}

TEST(EffectiveTtl, WarnsOfWhatTheCallerAskedFor) {
  TtlInput in = renewal(Duration(0));
  in.requested = Seconds(3'600'000);
  const TtlResult out = effective_ttl(in);
  ASSERT_EQ(out.warnings.size(), 1U);
  EXPECT_EQ(out.warnings[0], "TTL of \"1000h\" exceeded the effective max_ttl of \"768h\"; TTL value is capped accordingly");
  in.requested = Seconds(0);
  in.mount_default = Seconds(3'600'000);
  EXPECT_TRUE(effective_ttl(in).warnings.empty()) << "nobody asked for the mount's default";
}

TEST(EffectiveTtl, HugeTimesDoNotWrapAround) {
  TtlInput in = renewal(Duration(0));
  in.requested = Seconds(9'200'000'000);
  in.mount_max = Seconds(9'200'000'000);
  in.explicit_max = Seconds(9'200'000'000);
  EXPECT_GT(effective_ttl(in).expire, born + Seconds(3'000'000'000));
}

}  // namespace
}  // namespace coffer::token
