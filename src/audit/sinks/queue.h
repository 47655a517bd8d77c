#pragma once
#include <condition_variable>
#include <deque>
#include <thread>

#include "audit/sinks/sink.h"

namespace coffer::audit {

// A thread and a bounded queue before a sink that may block (design.md §8): nobody waits for it longer than the deadline. After a failure
// what is queued is dropped, and confirmed() tells where the sink stands, so that a gap record can say what it missed. Safe from any thread.
class QueuedSink {
 public:
  static constexpr std::size_t queue_limit = 8u << 20;  // bytes
  QueuedSink(std::unique_ptr<BlockingSink> sink, Duration deadline);
  ~QueuedSink();  // waits for what is queued, up to the deadline

  struct Ticket;
  // Takes a copy. Nothing when the queue is full, which counts as a failure.
  [[nodiscard]] std::shared_ptr<Ticket> submit(const Batch& batch, const ChainHead& before);
  // Waits until the batch is written or has failed. A sink that failed lately is given a short time only.
  [[nodiscard]] Outcome wait(const std::shared_ptr<Ticket>& ticket);

  // Whether something failed since `recover` was last called, and what.
  [[nodiscard]] std::optional<std::string> failure() const;
  // Whether the last thing that happened was a success.
  [[nodiscard]] bool proven() const;
  void recover();  // new batches are accepted again
  // The state of the chain after the last line that was written.
  [[nodiscard]] ChainHead confirmed() const;
  void reopen();

 private:
  void run();
  void poke();
  void fail_all(std::string problem);

  const std::unique_ptr<BlockingSink> sink_;
  const Duration deadline_;
  Fd cancel_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Ticket>> queue_;
  std::size_t queued_bytes_ = 0;
  ChainHead confirmed_;
  std::optional<std::string> failure_;
  bool unproven_ = false;  // failed, and nothing succeeded since
  bool reopen_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace coffer::audit
