#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "core/pipeline.h"

namespace coffer::core {

// A rate quota as stored: sys space, quota/<name>.
struct RateQuota {
  std::string name, path, role;
  double rate = 0;
  Seconds interval{1}, block_interval{0};
  bool inheritable = false;
  static constexpr auto fields() {
    using T = RateQuota;
    using schema::field;
    return schema::Fields{field<&T::name>("name", ""), field<&T::path>("path", ""), field<&T::role>("role", ""), field<&T::rate>("rate", ""),
                      field<&T::interval>("interval", ""), field<&T::block_interval>("block_interval", ""), field<&T::inheritable>("inheritable", "")};
  }
};
// sys/quotas/config, as stored at config/quotas.
struct QuotaConfig {
  bool enable_rate_limit_audit_logging = false, enable_rate_limit_response_headers = false;
  std::vector<std::string> rate_limit_exempt_paths = {"sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update", "sys/generate-root/attempt",
                                                      "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal"};
  static constexpr auto fields() {
    using T = QuotaConfig;
    using schema::field;
    return schema::Fields{field<&T::enable_rate_limit_audit_logging>("enable_rate_limit_audit_logging", "Accepted; refusals are always recorded.").open(),
                      field<&T::enable_rate_limit_response_headers>("enable_rate_limit_response_headers", "Tells each caller how its quota stands.").open(),
                      field<&T::rate_limit_exempt_paths>("rate_limit_exempt_paths", "Paths to which no quota applies.").open()};
  }
};

// Token buckets, one per quota and address; the quota with the longest path that matches counts. Without quotas admitting costs one load.
// Safe from any thread.
class RateLimits final : public RateGate {
 public:
  explicit RateLimits(Clock& clock) : clock_(clock) {}
  [[nodiscard]] Result<void> admit(std::string_view path, std::string_view remote_address, std::optional<RateState>& state) override;
  // Takes the quotas as the store holds them; buckets of unchanged quotas keep their fill.
  [[nodiscard]] Result<void> load(const Snapshot& sys);
  void clear();

 private:
  struct Rules {
    std::vector<RateQuota> quotas;  // longest path first
    std::vector<std::string> exempt;
    bool told = false;  // enable_rate_limit_response_headers
  };
  struct Bucket {
    double left = 0;
    std::chrono::steady_clock::time_point filled{}, blocked_until{};
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;
  };
  static constexpr std::size_t most_buckets = 16'384;  // per shard
  [[nodiscard]] std::shared_ptr<const Rules> rules() const;
  void set(std::shared_ptr<const Rules> rules);
  // `state` is how the bucket stands afterwards.
  [[nodiscard]] bool take(const RateQuota& quota, std::string_view address, RateState& state);

  Clock& clock_;
  std::atomic<bool> active_{false};
  mutable std::mutex rules_mutex_;  // held for a copy of the pointer
  std::shared_ptr<const Rules> rules_;
  std::array<Shard, 16> shards_;
};

// The stored quotas and their configuration.
[[nodiscard]] Result<std::vector<RateQuota>> read_rate_quotas(const Snapshot& sys);
[[nodiscard]] Result<QuotaConfig> read_quota_config(const Snapshot& sys);

}  // namespace coffer::core
