#pragma once
#include <deque>

#include "storage/transaction.h"

namespace coffer::storage {

// Which keys recent batches changed, to tell whether a transaction's reads still hold. Used by the committer's thread alone.
class RecentChanges {
 public:
  explicit RecentChanges(Position now) : forgotten_(now), last_change_(slots, 0) {}

  // Notes that the batch at `position`, applied or about to be, changes a key. If the batch is never applied this costs at most a second
  // run of somebody's work.
  void mark(std::uint64_t key_hash, Position position);
  // Keeps the keys of an applied batch (which are sorted), for ranges, and forgets the oldest. Takes the keys out of the batch.
  void remember(Position position, Batch& batch) noexcept;
  // Whether anything that was read at `since` has changed, in applied batches or in the pending one.
  [[nodiscard]] bool conflicts(const Footprint& footprint, Position since, const Overlay& pending) const;

 private:
  [[nodiscard]] bool range_changed(const Footprint::Range& range, Position since) const;

  static constexpr std::size_t slots = 1U << 16U;
  static constexpr std::size_t most_batches = 128;
  static constexpr std::size_t most_keys = 65'536;

  struct BatchKeys {
    Position position;
    std::vector<std::string> keys;
  };
  Position forgotten_;  // batches up to here are no longer in the ring
  std::deque<BatchKeys> ring_;
  std::size_t keys_in_ring_ = 0;
  // Per hash slot the last position that changed a key of that slot. It never forgets, so single keys need no ring.
  std::vector<Position> last_change_;
};

}  // namespace coffer::storage
