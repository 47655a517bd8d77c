#pragma once
#include <sys/epoll.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/http/http.h"
#include "server/http/timer_wheel.h"

namespace coffer::http {

// Something that waits for a descriptor.
class Watch {
 public:
  // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR: what became true since the last call (edges, not levels).
  virtual void on_ready(std::uint32_t events) = 0;
  // Asked for by `Reactor::call_last`.
  virtual void on_pass_done() {}

 protected:
  ~Watch() = default;
};

// One io thread's loop: readiness, deadlines, tasks from other threads, and the end of each pass. All but `post` and `stop` from its own
// thread only (or before it runs).
//
// A pass: all descriptors that are ready, then posted tasks, then due timers, then what asked for the end of the pass, then `call_last`. Work that asks for
// another end of pass meanwhile gets it in the next one, which does not sleep.
class Reactor final : public Loop {
 public:
  static Result<std::unique_ptr<Reactor>> create();
  ~Reactor() override;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void post(std::move_only_function<void()> task) override;
  void at_end_of_pass(std::move_only_function<void()> task) override { at_end_.push_back(std::move(task)); }

  // Edge-triggered, both directions, until removed; the descriptor stays the caller's. False when the kernel refuses (out of memory).
  [[nodiscard]] bool add(int descriptor, Watch& watch);
  // A listening socket shared by several reactors: level-triggered, one of them is woken.
  [[nodiscard]] bool add_shared(int descriptor, Watch& watch);
  // `on_pass_done` after all else of this pass, the end-of-pass tasks included: what a pass has gathered leaves at once. Once per pass.
  void call_last(Watch& watch) { last_.push_back(&watch); }
  // No event or call reaches the watch any more, not even one of this pass.
  void remove(int descriptor, Watch& watch);

  void run();   // until stop()
  void stop();  // from any thread
  [[nodiscard]] bool on_own_thread() const { return std::this_thread::get_id() == thread_.load(std::memory_order_relaxed); }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  // The time at which this pass began.
  [[nodiscard]] TimerWheel::Point now() const { return now_; }

 private:
  Reactor(int epoll, int wake);
  void run_posted();
  void run_end_of_pass();
  // A pass holds the records and answers of its requests until its end. With a few at a time they stay in the processor's nearer caches: 256 busy
  // connections, all in one pass, cost half as much again per request (tests/bench).
  static constexpr int batch = 16;

  const int epoll_;
  const int wake_;
  TimerWheel::Point now_;
  TimerWheel timers_;
  std::atomic<std::thread::id> thread_{};
  std::atomic<bool> stopping_{false};
  epoll_event events_[batch];
  int next_event_ = 0, event_count_ = 0;
  std::vector<std::move_only_function<void()>> at_end_, running_end_, running_posted_;
  std::vector<Watch*> last_, running_last_;
  std::mutex posted_mutex_;
  std::vector<std::move_only_function<void()>> posted_;  // under posted_mutex_
  std::atomic<bool> has_posted_{false};
};

}  // namespace coffer::http
