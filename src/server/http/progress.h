#pragma once
#include <cstdint>

#include "server/http/http.h"
#include "server/http/timer_wheel.h"

namespace coffer::http {

// Holds a slow peer to a minimum rate: in each span of `timeout` it must move `rate * timeout` bytes, else its deadline passes.
class Progress {
 public:
  void begin(TimerWheel::Point now, std::uint64_t moved) {
    since_ = now;
    at_ = moved;
  }
  // `moved`: bytes so far, on any scale that only grows.
  [[nodiscard]] TimerWheel::Point deadline(TimerWheel::Point now, std::uint64_t moved, Seconds timeout, std::size_t rate) {
    if (moved - at_ >= rate * static_cast<std::uint64_t>(timeout.count())) begin(now, moved);
    return since_ + timeout;
  }

 private:
  TimerWheel::Point since_{};
  std::uint64_t at_ = 0;
};

}  // namespace coffer::http
