#pragma once
#include "core/mounts.h"

// How sys/mounts, sys/auth and sys/internal/ui show mounts, and how requests change them (vault-api.md §2.6).
namespace coffer::core {

// `config` of a mount request, and the body of a tune request.
struct MountConfig {
  std::optional<std::string> default_lease_ttl, max_lease_ttl, description, listing_visibility, token_type, plugin_version;
  std::optional<bool> force_no_cache;
  std::optional<std::vector<std::string>> audit_non_hmac_request_keys, audit_non_hmac_response_keys, passthrough_request_headers, allowed_response_headers;
  std::optional<LockoutConfig> user_lockout_config;
  std::optional<schema::StringMap> options;
  static constexpr auto fields() {
    using T = MountConfig;
    using schema::field;
    return schema::Fields{field<&T::default_lease_ttl>("default_lease_ttl", "TTL of leases and tokens; 0: the system's.").open(),
                      field<&T::max_lease_ttl>("max_lease_ttl", "Longest TTL; 0: the system's.").open(),
                      field<&T::description>("description", "What it is for.").open(),
                      field<&T::listing_visibility>("listing_visibility", "unauth shows it to everyone.").open(),
                      field<&T::token_type>("token_type", "Type of tokens of an auth mount.").open(),
                      field<&T::plugin_version>("plugin_version", "Accepted; engines are built in.").open(),
                      field<&T::force_no_cache>("force_no_cache", "Accepted; without effect.").open(),
                      field<&T::audit_non_hmac_request_keys>("audit_non_hmac_request_keys", "Request fields that audit records show in clear.").open(),
                      field<&T::audit_non_hmac_response_keys>("audit_non_hmac_response_keys", "Response fields that audit records show in clear.").open(),
                      field<&T::passthrough_request_headers>("passthrough_request_headers", "Request headers that the engine sees.").open(),
                      field<&T::allowed_response_headers>("allowed_response_headers", "Response headers that the engine may set.").open(),
                      field<&T::user_lockout_config>("user_lockout_config", "Lockout of users of an auth mount.").open(),
                      field<&T::options>("options", "Options of the engine.").open()};
  }
};
[[nodiscard]] Result<void> apply_config(MountEntry& entry, const MountConfig& config);

// One mount as an object; `extra` adds `path` (internal/ui).
void encode_mount(json::Writer& w, const MountEntry& entry, std::string_view extra_path = {});
// tune: effective TTLs.
void encode_tune(json::Writer& w, const Mount& mount);
// "kv1/" of "kv1" or "/kv1/"; refuses what no mount may be called.
[[nodiscard]] Result<std::string> mount_path(std::string_view given);

}  // namespace coffer::core
