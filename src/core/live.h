#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/policy.h"
#include "storage/store.h"
#include "storage/view.h"
#include "token/record.h"

namespace coffer::policy::iam {
struct Document;
}

// What is kept in memory between requests, and dropped by key when a commit changes it (design.md §3 "Caches").
namespace coffer::core {

// A token, decoded, with its policies compiled. Immutable.
struct LiveToken {
  token::Record record;
  std::shared_ptr<const policy::Acl> acl;
  std::shared_ptr<const policy::iam::Document> session_policy;  // null without one
  std::vector<policy::PolicyPtr> policies;  // what `acl` was compiled of
  std::vector<std::string> identity_policies, all_policies;
  storage::Position compiled_at = 0;
  std::string token_hmac, accessor_hmac;  // as the audit log shows them
};
using LiveTokenPtr = std::shared_ptr<const LiveToken>;

// What was made of records, by their ids, in shards. Safe from any thread.
template <class T>
class LiveCache {
 public:
  using Pointer = std::shared_ptr<const T>;
  explicit LiveCache(std::size_t capacity) : per_shard_(capacity / shard_count + 1) {}
  [[nodiscard]] Pointer get(std::string_view id) const {
    const Shard& shard = shards_[shard_of(id)];
    const std::shared_lock lock(shard.mutex);
    const auto found = shard.map.find(id);
    return found == shard.map.end() ? nullptr : found->second;
  }
  // Keeps `value` unless its shard was invalidated after `read_at`, the position of the snapshot that it was made from.
  void put(std::string_view id, Pointer value, storage::Position read_at) {
    Shard& shard = shards_[shard_of(id)];
    const std::unique_lock lock(shard.mutex);
    if (shard.invalidated > read_at) return;
    // A full shard starts anew: what is in use comes back with its next request.
    if (shard.map.size() >= per_shard_) shard.map.clear();
    shard.map.insert_or_assign(std::string(id), std::move(value));
  }
  void invalidate(std::string_view id, storage::Position position) {
    Shard& shard = shards_[shard_of(id)];
    const std::unique_lock lock(shard.mutex);
    shard.invalidated = position;
    if (const auto found = shard.map.find(id); found != shard.map.end()) shard.map.erase(found);
  }
  void clear() {
    for (Shard& shard : shards_) {
      const std::unique_lock lock(shard.mutex);
      shard.map.clear();
      shard.invalidated = 0;
    }
  }

 private:
  static constexpr std::size_t shard_count = 64;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
  };
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, Pointer, Hash, std::equal_to<>> map;
    storage::Position invalidated = 0;
  };
  [[nodiscard]] static std::size_t shard_of(std::string_view id) { return std::hash<std::string_view>{}(id) % shard_count; }
  std::size_t per_shard_;
  std::array<Shard, shard_count> shards_;
};
using TokenCache = LiveCache<LiveToken>;

// Parsed policies by name. Safe from any thread.
class PolicyCache {
 public:
  // Where any policy last changed. A set compiled at or after it is current; holders of an older one ask again for their own policies, and
  // keep the set when those are the same.
  [[nodiscard]] storage::Position last_change() const { return invalidated_.load(std::memory_order_acquire); }
  // The policy, from memory or through `view` (the sys space at `read_at`). Null where there is none. A stored text that no longer parses
  // counts as none (and is logged): it grants nothing.
  [[nodiscard]] Result<policy::PolicyPtr> get(std::string_view name, const Snapshot& view, storage::Position read_at);
  void invalidate(std::string_view name, storage::Position position);
  void clear();

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, policy::PolicyPtr, std::less<>> map_;
  std::atomic<storage::Position> invalidated_{0};
};

// Where things that have an id last changed, to the shard: what was made of one earlier has to be made anew. Safe from any thread.
class LastChanges {
 public:
  void note(std::string_view id, storage::Position position) { shard(id).store(position, std::memory_order_release); }
  [[nodiscard]] storage::Position of(std::string_view id) const { return shard(id).load(std::memory_order_acquire); }

 private:
  static constexpr std::size_t shard_count = 256;
  [[nodiscard]] static std::size_t index_of(std::string_view id) { return std::hash<std::string_view>{}(id) % shard_count; }
  [[nodiscard]] std::atomic<storage::Position>& shard(std::string_view id) { return shards_[index_of(id)]; }
  [[nodiscard]] const std::atomic<storage::Position>& shard(std::string_view id) const { return shards_[index_of(id)]; }
  std::array<std::atomic<storage::Position>, shard_count> shards_{};
};

// One value made from a part of the store (the mount table, quotas), made anew after a change of that part. Safe from any thread.
template <class T>
class Derived {
 public:
  // The same, or null at the cost of one load while the value is known to be empty(): for what few servers configure.
  template <class Load>
  Result<std::shared_ptr<const T>> get_unless_empty(const std::shared_ptr<const storage::ReadView>& view, Load load) {
    if (empty_.load(std::memory_order_acquire)) return std::shared_ptr<const T>();
    return get(view, load);
  }
  template <class Load>  // Result<std::shared_ptr<const T>>(const storage::ReadView&)
  Result<std::shared_ptr<const T>> get(const std::shared_ptr<const storage::ReadView>& view, Load load) {
    {
      const std::shared_lock lock(mutex_);
      if (value_ && made_at_ >= invalidated_) return value_;
    }
    auto made = TRY(load(*view));
    const std::unique_lock lock(mutex_);
    if (view->position() >= invalidated_ && view->position() >= made_at_) {
      value_ = made;
      made_at_ = view->position();
      if constexpr (requires { made->empty(); }) empty_.store(made->empty(), std::memory_order_release);
    }
    return made;
  }
  void invalidate(storage::Position position) {
    const std::unique_lock lock(mutex_);
    invalidated_ = position;
    empty_.store(false, std::memory_order_release);
  }
  void clear() {
    const std::unique_lock lock(mutex_);
    value_.reset();
    empty_.store(false, std::memory_order_release);
    made_at_ = invalidated_ = 0;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::shared_ptr<const T> value_;
  storage::Position made_at_ = 0, invalidated_ = 0;
  std::atomic<bool> empty_{false};  // of the value, while it is current
};

}  // namespace coffer::core
