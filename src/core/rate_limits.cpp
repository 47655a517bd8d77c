#include "core/rate_limits.h"

#include <algorithm>
#include <cmath>

namespace coffer::core {
namespace {

// A path covers itself and what lies below it; with a '*' at its end, whatever begins so.
bool covers(std::string_view quota, std::string_view path) {
  if (quota.empty()) return true;
  if (quota.ends_with('*')) return path.starts_with(quota.substr(0, quota.size() - 1));
  if (quota.ends_with('/')) quota.remove_suffix(1);
  return path.starts_with(quota) && (path.size() == quota.size() || path[quota.size()] == '/');
}

}  // namespace

Result<std::vector<RateQuota>> read_rate_quotas(const Snapshot& sys) {
  std::vector<RateQuota> out;
  for (const std::string& name : TRY(sys.children("quota/", '\0', "", 100'000)))
    if (const auto text = TRY(sys.get("quota/" + name))) out.push_back(TRY(schema::from_json<RateQuota>(text->reveal_text())));
  return out;
}

Result<QuotaConfig> read_quota_config(const Snapshot& sys) {
  const auto text = TRY(sys.get("config/quotas"));
  if (!text) return QuotaConfig{};
  return schema::from_json<QuotaConfig>(text->reveal_text());
}

std::shared_ptr<const RateLimits::Rules> RateLimits::rules() const {
  const std::lock_guard lock(rules_mutex_);
  return rules_;
}

void RateLimits::set(std::shared_ptr<const Rules> rules) {
  const bool active = rules && !rules->quotas.empty();
  {
    const std::lock_guard lock(rules_mutex_);
    rules_ = std::move(rules);
  }
  active_.store(active, std::memory_order_release);
}

Result<void> RateLimits::load(const Snapshot& sys) {
  auto made = std::make_shared<Rules>();
  made->quotas = TRY(read_rate_quotas(sys));
  std::sort(made->quotas.begin(), made->quotas.end(), [](const auto& a, const auto& b) { return a.path.size() > b.path.size(); });
  QuotaConfig config = TRY(read_quota_config(sys));
  made->exempt = std::move(config.rate_limit_exempt_paths);
  made->told = config.enable_rate_limit_response_headers;
  set(std::move(made));
  return {};
}

void RateLimits::clear() {
  set(nullptr);
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.buckets.clear();
  }
}

Result<void> RateLimits::admit(std::string_view path, std::string_view remote_address, std::optional<RateState>& state) {
  if (!active_.load(std::memory_order_acquire)) return {};
  const auto now = rules();
  if (!now || std::any_of(now->exempt.begin(), now->exempt.end(), [&](const auto& exempt) { return covers(exempt, path); })) return {};
  for (const RateQuota& quota : now->quotas) {
    if (!covers(quota.path, path)) continue;
    RateState after;
    const bool admitted = take(quota, remote_address, after);
    if (now->told) state = after;
    if (admitted) return {};
    return fail(Code::rate_limited, "request path " + json::quoted(path) + ": rate limit quota exceeded");
  }
  return {};
}

bool RateLimits::take(const RateQuota& quota, std::string_view address, RateState& state) {
  // The numbers are part of the name: a changed quota begins with full buckets.
  std::string key = quota.name;
  key.append(1, '\0').append(std::to_string(quota.rate)).append(1, '/').append(std::to_string(quota.interval.count())).append(1, '\0').append(address);
  const auto now = clock_.steady();
  const double most = std::max(quota.rate, 1.0), per_second = quota.rate / static_cast<double>(std::max<std::int64_t>(quota.interval.count(), 1));
  Shard& shard = shards_[std::hash<std::string>{}(key) % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  // Addresses cost nothing to make up: memory for them is bounded.
  if (shard.buckets.size() >= most_buckets) {
    std::erase_if(shard.buckets, [&](const auto& entry) { return entry.second.blocked_until <= now && now - entry.second.filled > std::chrono::minutes(1); });
    if (shard.buckets.size() >= most_buckets) shard.buckets.erase(shard.buckets.begin());
  }
  const auto [found, fresh] = shard.buckets.try_emplace(std::move(key), Bucket{most, now, {}});
  Bucket& bucket = found->second;
  if (!fresh) {
    bucket.left = std::min(most, bucket.left + per_second * std::chrono::duration<double>(now - bucket.filled).count());
    bucket.filled = now;
  }
  const bool blocked = now < bucket.blocked_until;
  const bool admitted = !blocked && bucket.left >= 1;
  if (admitted) bucket.left -= 1;
  else if (!blocked && quota.block_interval.count() > 0) bucket.blocked_until = now + quota.block_interval;
  state.limit = static_cast<std::uint64_t>(most);
  state.remaining = static_cast<std::uint64_t>(bucket.left);
  const auto filling = std::chrono::duration<double>((most - bucket.left) / per_second);
  const auto until = std::max(std::chrono::duration<double>(bucket.blocked_until - now), filling);
  state.reset = Seconds(static_cast<std::int64_t>(std::ceil(std::min(until.count(), 1e9))));
  return admitted;
}

}  // namespace coffer::core
