#include "server/http/timer_wheel.h"

namespace coffer::http {

void Timer::unlink() {
  if (!link_) return;
  *link_ = next_;
  if (next_) next_->link_ = link_;
  next_ = nullptr;
  link_ = nullptr;
  --wheel_->linked_;
}

TimerWheel::TimerWheel(Point now) : start_(now), slots_(slot_count) {}

TimerWheel::~TimerWheel() {
  for (Timer*& head : slots_) {
    while (head) head->unlink();
  }
}

std::uint64_t TimerWheel::tick_of(Point point) const {
  if (point <= start_) return 0;
  return static_cast<std::uint64_t>((point - start_) / tick);
}

void TimerWheel::link(Timer& timer, std::uint64_t visit) {
  Timer*& head = slots_[visit % slot_count];
  timer.visit_ = visit;
  timer.wheel_ = this;
  timer.next_ = head;
  timer.link_ = &head;
  if (head) head->link_ = &timer.next_;
  head = &timer;
  ++linked_;
}

void TimerWheel::set(Timer& timer, Point due) {
  std::uint64_t at = tick_of(due) + 1;  // rounded up: never early
  if (at <= current_) at = current_ + 1;
  timer.due_ = at;
  if (timer.link_ && timer.visit_ <= at) return;  // met earlier, and moved then
  timer.unlink();
  link(timer, at);
}

void TimerWheel::advance(Point now) {
  const std::uint64_t target = tick_of(now);
  if (target <= current_) return;
  const std::uint64_t from = target - current_ > slot_count ? target - slot_count + 1 : current_ + 1;  // each slot once
  current_ = target;
  for (std::uint64_t at = from; at <= target; ++at) {
    Timer* pending = slots_[at % slot_count];
    slots_[at % slot_count] = nullptr;
    if (pending) pending->link_ = &pending;
    while (pending) {
      Timer& timer = *pending;
      timer.unlink();
      if (timer.due_ > target) {
        link(timer, timer.due_);
      } else {
        timer.on_timer();
      }
    }
  }
}

int TimerWheel::wait_milliseconds(Point now) const {
  if (linked_ == 0) return -1;
  const Point next = start_ + tick * static_cast<std::int64_t>(current_ + 1);
  if (next <= now) return 0;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(next - now).count());
}

}  // namespace coffer::http
