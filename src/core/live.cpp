#include "core/live.h"

#include "base/log.h"
#include "storage/view.h"

namespace coffer::core {

LiveTokenPtr TokenCache::get(std::string_view id) const {
  const Shard& shard = shards_[shard_of(id)];
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.map.find(id);
  return found == shard.map.end() ? nullptr : found->second;
}

void TokenCache::put(std::string_view id, LiveTokenPtr token, storage::Position read_at) {
  Shard& shard = shards_[shard_of(id)];
  const std::unique_lock lock(shard.mutex);
  if (shard.invalidated > read_at) return;
  // A full shard starts anew: what is in use comes back with its next request.
  if (shard.map.size() >= per_shard_) shard.map.clear();
  shard.map.insert_or_assign(std::string(id), std::move(token));
}

void TokenCache::invalidate(std::string_view id, storage::Position position) {
  Shard& shard = shards_[shard_of(id)];
  const std::unique_lock lock(shard.mutex);
  shard.invalidated = position;
  if (const auto found = shard.map.find(id); found != shard.map.end()) shard.map.erase(found);
}

void TokenCache::clear() {
  for (Shard& shard : shards_) {
    const std::unique_lock lock(shard.mutex);
    shard.map.clear();
    shard.invalidated = 0;
  }
}

Result<policy::PolicyPtr> PolicyCache::get(std::string_view name, const Snapshot& view, storage::Position read_at) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = map_.find(name); found != map_.end()) return found->second;
  }
  policy::PolicyPtr made;
  if (name == "response-wrapping") {
    made = TRY(policy::parse(name, policy::wrapping_policy_text()));
  } else if (const auto text = TRY(view.get(std::string("policy/acl/").append(name)))) {
    auto parsed = policy::parse(name, text->reveal_text());
    if (parsed) made = *std::move(parsed);
    else log::error("policy {} does not parse any more and grants nothing: {}", name, parsed.error().message);
  }
  const std::unique_lock lock(mutex_);
  if (invalidated_ <= read_at) {
    if (map_.size() > 10'000) map_.clear();
    map_.insert_or_assign(std::string(name), made);
  }
  return made;
}

void PolicyCache::invalidate(std::string_view name, storage::Position position) {
  const std::unique_lock lock(mutex_);
  invalidated_ = position;
  if (const auto found = map_.find(name); found != map_.end()) map_.erase(found);
}

void PolicyCache::clear() {
  const std::unique_lock lock(mutex_);
  map_.clear();
  invalidated_ = 0;
}

}  // namespace coffer::core
