#pragma once
#include <memory>
#include <span>

#include "storage/state.h"

namespace coffer::storage {

// Stored values (encrypted, as the state holds them) in front of a state whose gets are slow. Bounded by bytes; evicts by second chance, so
// that a sweep of keys read once does not drive out the hot ones. Sharded: a hit takes one short lock that few threads share.
//
// An entry holds for every position from the last change that its slot of keys has seen, until a batch changes the key: from then on it holds the new value.
// A view therefore takes only entries that hold since its own position or earlier, and a loader inserts only if its slot saw no change after
// the position it read at (design.md §3): what a snapshot reads is never newer or older than that snapshot.
class RawCache {
 public:
  explicit RawCache(std::size_t bytes);
  ~RawCache();
  RawCache(const RawCache&) = delete;
  RawCache& operator=(const RawCache&) = delete;

  // Fills `value` if the cache knows the value of `key` at position `at`. From any thread.
  [[nodiscard]] bool find(std::string_view key, Position at, std::string& value);
  // Offers what a view at position `read_at` read. From any thread.
  void insert(std::string_view key, std::string_view value, Position read_at);
  // Gives the keys that it holds their new values. Called after a batch is applied, before any view at `position` is published.
  void applied(std::span<const Change> changes, Position position);
  [[nodiscard]] std::size_t bytes() const;  // in use, overhead included

 private:
  struct Entry;
  struct Shard;
  [[nodiscard]] static Entry* make(std::uint64_t hash, std::string_view key, std::string_view value);
  [[nodiscard]] Shard& shard_of(std::uint64_t hash) const;

  static constexpr std::size_t shard_count = 64;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace coffer::storage
