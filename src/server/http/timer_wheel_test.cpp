#include "server/http/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>

namespace coffer::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Probe final : Timer {
  std::function<void()> then;
  int fired = 0;
  void on_timer() override {
    ++fired;
    if (then) then();
  }
};

const TimerWheel::Point start{seconds(1000)};

TEST(TimerWheel, FiresOnceAndNeverEarly) {
  TimerWheel wheel(start);
  Probe probe;
  EXPECT_EQ(wheel.wait_milliseconds(start), -1);
  wheel.set(probe, start + milliseconds(950));
  EXPECT_GT(wheel.wait_milliseconds(start), 0);
  wheel.advance(start + milliseconds(949));
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(start + milliseconds(1100));
  EXPECT_EQ(probe.fired, 1);
  wheel.advance(start + seconds(100));
  EXPECT_EQ(probe.fired, 1);
  EXPECT_EQ(wheel.wait_milliseconds(start + seconds(100)), -1);
}

TEST(TimerWheel, MovesLaterAndEarlier) {
  TimerWheel wheel(start);
  Probe probe;
  wheel.set(probe, start + seconds(1));
  wheel.set(probe, start + seconds(300));  // beyond one turn of the wheel
  for (int i = 1; i < 299; ++i) wheel.advance(start + seconds(i));
  EXPECT_EQ(probe.fired, 0);
  wheel.advance(start + seconds(301));
  EXPECT_EQ(probe.fired, 1);
  wheel.set(probe, start + seconds(900));
  wheel.set(probe, start + seconds(303));
  wheel.advance(start + seconds(304));
  EXPECT_EQ(probe.fired, 2);
}

TEST(TimerWheel, SurvivesALongPauseAndTimersThatEndEachOther) {
  TimerWheel wheel(start);
  Probe first, late;
  auto second = std::make_unique<Probe>();
  wheel.set(first, start + seconds(5));
  wheel.set(*second, start + seconds(5));
  wheel.set(late, start + seconds(5000));
  first.then = [&] { second.reset(); };
  second->then = [&] { TimerWheel::cancel(first); };
  wheel.advance(start + seconds(4000));
  EXPECT_EQ(first.fired + (second ? second->fired : 0), 1);
  EXPECT_EQ(late.fired, 0);
  wheel.advance(start + seconds(5001));
  EXPECT_EQ(late.fired, 1);
}

}  // namespace
}  // namespace coffer::http
