#include "audit/sinks/queue.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

namespace coffer::audit {

struct QueuedSink::Ticket {
  Batch batch;
  std::optional<Outcome> outcome;
  bool abandoned = false;
};

namespace {
constexpr Duration retry_deadline = std::chrono::milliseconds(250);
}

QueuedSink::QueuedSink(std::unique_ptr<BlockingSink> sink, Duration deadline)
    : sink_(std::move(sink)), deadline_(deadline), cancel_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { run(); }) {}

QueuedSink::~QueuedSink() {
  {
    std::unique_lock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, unproven_ ? retry_deadline : deadline_, [&] { return queue_.empty(); });
  }
  poke();
  thread_.join();
}

void QueuedSink::poke() {
  const std::uint64_t one = 1;
  if (::write(cancel_.get(), &one, sizeof one) < 0) return;  // it is readable already
}

std::shared_ptr<QueuedSink::Ticket> QueuedSink::submit(const Batch& batch, const ChainHead& before) {
  const std::lock_guard lock(mutex_);
  if (failure_) return nullptr;
  if (queued_bytes_ != 0 && queued_bytes_ + batch.text.size() > queue_limit) {
    fail_all("its queue is full: whoever reads from it is too slow");
    return nullptr;
  }
  if (queue_.empty()) confirmed_ = before;
  auto ticket = std::make_shared<Ticket>(Ticket{batch, std::nullopt, false});
  ticket->batch.before = before;
  queued_bytes_ += batch.text.size();
  queue_.push_back(ticket);
  changed_.notify_all();
  return ticket;
}

Outcome QueuedSink::wait(const std::shared_ptr<Ticket>& ticket) {
  std::unique_lock lock(mutex_);
  // The sink keeps the deadline itself; the rest is for one that hangs where it cannot be called off.
  const Duration patience = (unproven_ ? retry_deadline : deadline_) + std::chrono::milliseconds(200);
  changed_.wait_for(lock, patience, [&] { return ticket->outcome.has_value(); });
  if (ticket->outcome) return *ticket->outcome;
  ticket->abandoned = true;
  const std::string problem = "it did not take the records before the deadline";
  fail_all(problem);
  return {0, problem};
}

std::optional<std::string> QueuedSink::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool QueuedSink::proven() const {
  const std::lock_guard lock(mutex_);
  return !failure_ && !unproven_;
}

void QueuedSink::recover() {
  const std::lock_guard lock(mutex_);
  failure_.reset();
}

ChainHead QueuedSink::confirmed() const {
  const std::lock_guard lock(mutex_);
  return confirmed_;
}

void QueuedSink::reopen() {
  const std::lock_guard lock(mutex_);
  reopen_ = true;
  changed_.notify_all();
}

// Under the mutex. What is being written now stays at the front until its writer comes back.
void QueuedSink::fail_all(std::string problem) {
  for (const auto& ticket : queue_) {
    ticket->abandoned = true;
    if (!ticket->outcome) ticket->outcome = Outcome{0, problem};
  }
  queue_.clear();
  queued_bytes_ = 0;
  failure_ = std::move(problem);
  unproven_ = true;
  changed_.notify_all();
}

void QueuedSink::run() {
  // A reader that went away is an error of the write, not the end of the process.
  sigset_t signals;
  ::sigfillset(&signals);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::pthread_setname_np(::pthread_self(), "audit-sink");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stop_ || reopen_ || !queue_.empty(); });
    if (std::exchange(reopen_, false)) {
      lock.unlock();
      sink_->reopen();
      lock.lock();
      continue;
    }
    if (queue_.empty()) return;
    const std::shared_ptr<Ticket> ticket = queue_.front();
    const auto deadline = std::chrono::steady_clock::now() + (unproven_ ? retry_deadline : deadline_);
    lock.unlock();
    Outcome outcome = sink_->append(ticket->batch, deadline, cancel_.get());
    lock.lock();
    if (!ticket->abandoned || outcome.kept != 0) confirmed_ = ticket->batch.head_after(outcome.kept);
    if (ticket->abandoned) continue;
    ticket->outcome = outcome;
    queue_.pop_front();
    queued_bytes_ -= ticket->batch.text.size();
    if (outcome.ok()) {
      unproven_ = false;
      changed_.notify_all();
    } else {
      fail_all(*outcome.problem);
    }
  }
}

}  // namespace coffer::audit
