#include "server/http/reactor.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace coffer::http {

Result<std::unique_ptr<Reactor>> Reactor::create() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (epoll < 0 || wake < 0) {
    if (epoll >= 0) ::close(epoll);
    if (wake >= 0) ::close(wake);
    return fail(Code::unavailable, "cannot make an event loop: out of file descriptors or memory; raise the limit on open files (LimitNOFILE, ulimit -n)");
  }
  std::unique_ptr<Reactor> reactor(new Reactor(epoll, wake));
  // The counter is never read: edge-triggered, each write is an event of its own.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) != 0) return fail(Code::unavailable, "cannot make an event loop: the kernel refused to watch a descriptor");
  return reactor;
}

Reactor::Reactor(int epoll, int wake) : epoll_(epoll), wake_(wake), now_(system_clock().steady()), timers_(now_) {}

Reactor::~Reactor() {
  ::close(epoll_);
  ::close(wake_);
}

void Reactor::post(std::move_only_function<void()> task) {
  bool first;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(task));
    has_posted_.store(true, std::memory_order_release);
  }
  if (first && !on_own_thread()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
  }
}

void Reactor::stop() {
  stopping_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

bool Reactor::add(int descriptor, Watch& watch) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &watch}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

bool Reactor::add_shared(int descriptor, Watch& watch) {
  epoll_event event{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.ptr = &watch}};
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void Reactor::remove(int descriptor, Watch& watch) {
  epoll_event unused{};
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, &unused);
  for (int i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &watch) events_[i].data.ptr = nullptr;
  }
  std::replace(last_.begin(), last_.end(), &watch, static_cast<Watch*>(nullptr));
  std::replace(running_last_.begin(), running_last_.end(), &watch, static_cast<Watch*>(nullptr));
}

void Reactor::run() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!stopping_.load(std::memory_order_acquire)) {
    const bool busy = !at_end_.empty() || !last_.empty() || has_posted_.load(std::memory_order_acquire);
    const int count = ::epoll_wait(epoll_, events_, batch, busy ? 0 : timers_.wait_milliseconds(system_clock().steady()));
    now_ = system_clock().steady();
    event_count_ = count > 0 ? count : 0;
    for (next_event_ = 0; next_event_ < event_count_;) {
      const epoll_event event = events_[next_event_++];
      if (event.data.ptr) static_cast<Watch*>(event.data.ptr)->on_ready(event.events);
    }
    event_count_ = 0;
    if (has_posted_.load(std::memory_order_acquire)) run_posted();
    timers_.advance(now_);
    run_end_of_pass();
  }
}

void Reactor::run_posted() {
  {
    const std::lock_guard lock(posted_mutex_);
    running_posted_.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (auto& task : running_posted_) task();
  running_posted_.clear();
}

void Reactor::run_end_of_pass() {
  if (!at_end_.empty()) {
    running_end_.swap(at_end_);
    for (auto& task : running_end_) task();
    running_end_.clear();
  }
  if (last_.empty()) return;
  running_last_.swap(last_);
  for (std::size_t i = 0; i < running_last_.size(); ++i) {
    if (running_last_[i]) running_last_[i]->on_pass_done();
  }
  running_last_.clear();
}

}  // namespace coffer::http
