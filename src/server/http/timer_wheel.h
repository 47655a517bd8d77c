#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

namespace coffer::http {

class TimerWheel;

// Something that can be reminded: a connection is one, and moves it about for all its deadlines. Belongs to one io thread.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual void on_timer() = 0;

 protected:
  ~Timer() { unlink(); }

 private:
  friend class TimerWheel;
  void unlink();
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;       // what points to this timer, or null when it is in no list
  TimerWheel* wheel_ = nullptr;  // where it is linked
  std::uint64_t due_ = 0;        // tick at which it should fire
  std::uint64_t visit_ = 0;      // tick at which the wheel meets it, never after due_
};

// Deadlines of all connections of one io thread, coarse (100 ms) so that setting one costs next to nothing: moving a deadline later only
// stores a number, and the wheel moves the timer when it meets it. Not thread-safe.
class TimerWheel {
 public:
  using Point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds tick{100};

  explicit TimerWheel(Point now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();
  // Fires once at or shortly after `due`, in place of what was set before.
  void set(Timer& timer, Point due);
  static void cancel(Timer& timer) { timer.unlink(); }
  // Fires all that are due. A firing timer may set, cancel and destroy timers.
  void advance(Point now);
  // Milliseconds until the next tick, or -1 when nothing is set.
  [[nodiscard]] int wait_milliseconds(Point now) const;

 private:
  friend class Timer;
  [[nodiscard]] std::uint64_t tick_of(Point point) const;
  void link(Timer& timer, std::uint64_t visit);
  static constexpr std::size_t slot_count = 1024;
  Point start_;
  std::uint64_t current_ = 0;  // last tick handled
  std::size_t linked_ = 0;
  std::vector<Timer*> slots_;
};

}  // namespace coffer::http
