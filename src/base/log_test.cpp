#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace coffer::log {
namespace {

using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class TapTest : public ::testing::Test {
 protected:
  void SetUp() override { set_level(Level::off); }
  void TearDown() override { set_level(Level::info); }
};

TEST_F(TapTest, ReadsFromALevelOfItsOwn) {
  EXPECT_EQ(threshold(), Level::off);
  {
    const auto tap = Tap::open(Level::debug, false);
    EXPECT_EQ(threshold(), Level::debug);
    at(Level::trace, "too low");
    debug("a {}", 1);
    error("b");
    const std::string got = tap->read(milliseconds(0));
    EXPECT_THAT(got, HasSubstr(" [debug] a 1\n"));
    EXPECT_THAT(got, EndsWith(" [error] b\n"));
    EXPECT_THAT(got, ::testing::Not(HasSubstr("too low")));
    EXPECT_EQ(tap->read(milliseconds(0)), "");
    set_level(Level::error);
    EXPECT_EQ(threshold(), Level::debug);
  }
  EXPECT_EQ(threshold(), Level::error);
}

TEST_F(TapTest, WaitsForALine) {
  const auto tap = Tap::open(Level::info, true);
  std::thread writer([] { info("late"); });
  EXPECT_THAT(tap->read(milliseconds(5000)), HasSubstr("\"@message\":\"late\""));
  writer.join();
}

TEST_F(TapTest, LosesTheOldestAndSaysSo) {
  const auto tap = Tap::open(Level::info, false);
  const std::string kilobyte(1024, 'x');
  for (int i = 0; i < 1000; ++i) info("{} {}", i, kilobyte);
  const std::string got = tap->read(milliseconds(0));
  EXPECT_LT(got.size(), 300u << 10);
  EXPECT_THAT(got, HasSubstr("lines were lost"));
  EXPECT_THAT(got, HasSubstr("] 999 x"));
  EXPECT_THAT(got, ::testing::Not(HasSubstr("] 0 x")));
}

}  // namespace
}  // namespace coffer::log
