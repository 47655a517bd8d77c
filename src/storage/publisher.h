#pragma once
#include "storage/raw_cache.h"

namespace coffer::storage {

// Hands the last published view to readers. Every thread keeps a view object of its own, so that taking and dropping references touches
// no memory that another thread writes; it is made anew when an atomic sequence number says that a batch has been published.
//
// A thread that goes idle would pin its old view, and with it old versions on disk, for ever. So a thread's view lies in a slot that the
// committer's sweep() can empty: that costs readers a lock, but one of their own, contended only in the instant of a sweep.
class Publisher {
 public:
  explicit Publisher(std::shared_ptr<RawCache> cache);  // null: no cache
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  void publish(std::shared_ptr<const ReadView> raw);  // one thread
  [[nodiscard]] std::shared_ptr<const ReadView> current() const;
  [[nodiscard]] Position position() const { return position_.load(std::memory_order_acquire); }
  // Empties the slots whose view is not the last one, and forgets those of threads that ended.
  void sweep();

 private:
  struct Slot;
  struct ThreadSlots;
  [[nodiscard]] Slot& my_slot() const;

  const std::uint64_t id_;  // no other publisher of this process has it, alive or dead
  const std::shared_ptr<RawCache> cache_;
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<Position> position_{0};
  mutable std::mutex latest_mutex_;
  std::shared_ptr<const ReadView> latest_;  // guarded by latest_mutex_
  mutable std::mutex slots_mutex_;
  mutable std::vector<std::shared_ptr<Slot>> slots_;  // guarded by slots_mutex_
};

}  // namespace coffer::storage
