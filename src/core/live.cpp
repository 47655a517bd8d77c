#include "core/live.h"

#include "base/log.h"
#include "storage/view.h"

namespace coffer::core {

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
