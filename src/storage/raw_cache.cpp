#include "storage/raw_cache.h"

#include <cstdlib>

#include "storage/key_hash.h"

namespace coffer::storage {

// One block of memory: this header, the key, the value. Linked into its bucket's chain and into the shard's ring.
struct RawCache::Entry {
  Entry* chain;
  Entry* before;
  Entry* after;
  std::uint64_t hash;
  Position holds_from;
  std::uint32_t key_size;
  std::uint32_t value_size;
  bool used;  // since the hand last passed

  [[nodiscard]] char* bytes() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] std::string_view key() { return {bytes(), key_size}; }
  [[nodiscard]] std::string_view value() { return {bytes() + key_size, value_size}; }
  [[nodiscard]] std::size_t cost() const { return cost_of(key_size, value_size); }
  // With the allocator's and the bucket's share.
  [[nodiscard]] static std::size_t cost_of(std::size_t key_bytes, std::size_t value_bytes) { return sizeof(Entry) + 32 + key_bytes + value_bytes; }
};

struct alignas(64) RawCache::Shard {
  static constexpr std::size_t slots = 64;

  std::mutex mutex;
  // All below is guarded by `mutex`.
  std::vector<Entry*> buckets = std::vector<Entry*>(64, nullptr);
  std::array<Position, slots> last_change{};  // per slot of keys
  Entry* hand = nullptr;
  std::size_t count = 0;
  std::size_t used = 0;
  std::size_t limit = 0;

  ~Shard() {
    while (hand) remove(hand);
  }
  // The shard is chosen by the lowest bits, the slot and the bucket by others.
  [[nodiscard]] Position& change_of(std::uint64_t hash) { return last_change[(hash >> 8U) % slots]; }
  [[nodiscard]] Entry*& bucket_of(std::uint64_t hash) { return buckets[(hash >> 14U) & (buckets.size() - 1)]; }

  [[nodiscard]] Entry* find(std::uint64_t hash, std::string_view key) {
    for (Entry* entry = bucket_of(hash); entry; entry = entry->chain) {
      if (entry->hash == hash && entry->key() == key) return entry;
    }
    return nullptr;
  }
  void link(Entry* entry) {
    if (count >= buckets.size()) grow();
    Entry*& bucket = bucket_of(entry->hash);
    entry->chain = bucket;
    bucket = entry;
    if (hand) {  // just behind the hand: the last that it comes to
      entry->after = hand;
      entry->before = hand->before;
      entry->before->after = entry->after->before = entry;
    } else {
      hand = entry->before = entry->after = entry;
    }
    ++count;
    used += entry->cost();
  }
  void remove(Entry* entry) {
    Entry** at = &bucket_of(entry->hash);
    while (*at != entry) at = &(*at)->chain;
    *at = entry->chain;
    if (hand == entry) hand = entry->after == entry ? nullptr : entry->after;
    entry->before->after = entry->after;
    entry->after->before = entry->before;
    --count;
    used -= entry->cost();
    std::free(entry);
  }
  void grow() {
    std::vector<Entry*> old(buckets.size() * 2, nullptr);
    old.swap(buckets);
    for (Entry* entry : old) {
      while (entry) {
        Entry* const following = entry->chain;
        Entry*& bucket = bucket_of(entry->hash);
        entry->chain = bucket;
        bucket = entry;
        entry = following;
      }
    }
  }
  // One value may not drive out all others.
  [[nodiscard]] bool takes(std::string_view key, std::string_view value) const { return Entry::cost_of(key.size(), value.size()) <= limit / 4; }
  void add(Entry* entry) {
    make_room(entry->cost());
    link(entry);
  }
  void make_room(std::size_t cost) {
    while (hand && used + cost > limit) {
      if (std::exchange(hand->used, false)) {
        hand = hand->after;
      } else {
        remove(hand);
      }
    }
  }
};

RawCache::RawCache(std::size_t bytes) : shards_(std::make_unique<Shard[]>(shard_count)) {
  for (std::size_t i = 0; i < shard_count; ++i) shards_[i].limit = bytes / shard_count;
}
RawCache::~RawCache() = default;

RawCache::Shard& RawCache::shard_of(std::uint64_t hash) const { return shards_[hash % shard_count]; }

bool RawCache::find(std::string_view key, Position at, std::string& value) {
  const std::uint64_t hash = hash_key(key);
  Shard& shard = shard_of(hash);
  const std::scoped_lock lock(shard.mutex);
  Entry* const entry = shard.find(hash, key);
  if (!entry || entry->holds_from > at) return false;
  entry->used = true;
  value.assign(entry->value());
  return true;
}

// Null without memory: a cache may forget.
RawCache::Entry* RawCache::make(std::uint64_t hash, std::string_view key, std::string_view value) {
  void* const block = std::malloc(sizeof(Entry) + key.size() + value.size());
  if (!block) return nullptr;
  auto* const entry = new (block) Entry{nullptr, nullptr, nullptr, hash, 0, static_cast<std::uint32_t>(key.size()),
                                        static_cast<std::uint32_t>(value.size()), false};
  std::memcpy(entry->bytes(), key.data(), key.size());
  if (!value.empty()) std::memcpy(entry->bytes() + key.size(), value.data(), value.size());
  return entry;
}

void RawCache::insert(std::string_view key, std::string_view value, Position read_at) {
  const std::uint64_t hash = hash_key(key);
  Shard& shard = shard_of(hash);
  if (!shard.takes(key, value)) return;
  Entry* const entry = make(hash, key, value);
  if (!entry) return;
  const std::scoped_lock lock(shard.mutex);
  entry->holds_from = shard.change_of(hash);
  if (entry->holds_from > read_at || shard.find(hash, key)) {
    std::free(entry);
    return;
  }
  shard.add(entry);
}

void RawCache::applied(std::span<const Change> changes, Position position) {
  for (const Change& change : changes) {
    const std::uint64_t hash = hash_key(change.key);
    Shard& shard = shard_of(hash);
    const std::scoped_lock lock(shard.mutex);
    shard.change_of(hash) = position;
    Entry* const entry = shard.find(hash, change.key);
    if (!entry) continue;
    // What has been read is likely to be read again, as the record of a secret by each of its writes.
    if (change.value && change.value->size() == entry->value_size) {
      if (!change.value->empty()) std::memcpy(entry->bytes() + entry->key_size, change.value->data(), change.value->size());
      entry->holds_from = position;
      continue;
    }
    shard.remove(entry);
    if (!change.value || !shard.takes(change.key, *change.value)) continue;
    Entry* const renewed = make(hash, change.key, *change.value);
    if (!renewed) continue;
    renewed->holds_from = position;
    shard.add(renewed);
  }
}

std::size_t RawCache::bytes() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < shard_count; ++i) {
    const std::scoped_lock lock(shards_[i].mutex);
    sum += shards_[i].used;
  }
  return sum;
}

}  // namespace coffer::storage
