#include "storage/recent.h"

#include <new>

namespace coffer::storage {

void RecentChanges::mark(std::uint64_t key_hash, Position position) { last_change_[key_hash % slots] = position; }

void RecentChanges::remember(Position position, Batch& batch) noexcept {
  try {
    std::vector<std::string> keys;
    keys.reserve(batch.changes.size());
    for (Change& change : batch.changes) keys.push_back(std::move(change.key));
    const std::size_t count = keys.size();
    ring_.push_back({position, std::move(keys)});
    keys_in_ring_ += count;
  } catch (const std::bad_alloc&) {  // forgetting all costs second runs, no conflict is missed
    ring_.clear();
    keys_in_ring_ = 0;
    forgotten_ = position;
  }
  while (ring_.size() > most_batches || (keys_in_ring_ > most_keys && ring_.size() > 1)) {
    keys_in_ring_ -= ring_.front().keys.size();
    forgotten_ = ring_.front().position;
    ring_.pop_front();
  }
}

bool RecentChanges::range_changed(const Footprint::Range& range, Position since) const {
  for (auto batch = ring_.rbegin(); batch != ring_.rend() && batch->position > since; ++batch) {
    const auto at = std::lower_bound(batch->keys.begin(), batch->keys.end(), range.from);
    if (at != batch->keys.end() && (range.end.empty() || *at < range.end)) return true;
  }
  return false;
}

bool RecentChanges::conflicts(const Footprint& footprint, Position since, const Overlay& pending) const {
  for (const std::uint64_t key : footprint.keys) {
    if (last_change_[key % slots] > since) return true;
  }
  if (footprint.ranges.empty()) return false;
  if (since < forgotten_) return true;
  return std::any_of(footprint.ranges.begin(), footprint.ranges.end(), [&](const Footprint::Range& range) {
    return touches(pending, range.from, range.end) || range_changed(range, since);
  });
}

}  // namespace coffer::storage
