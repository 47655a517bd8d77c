#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backend/backend.h"
#include "backend/caller.h"
#include "schema/endpoint.h"

namespace coffer::core {

// user_lockout_config of a mount; empty members inherit.
struct LockoutConfig {
  std::string lockout_threshold, lockout_duration, lockout_counter_reset, lockout_counter_reset_duration;  // the last is the API's name of the one before
  bool lockout_disable = false;
  static constexpr auto fields() {
    using T = LockoutConfig;
    return schema::Fields{schema::field<&T::lockout_threshold>("lockout_threshold", "Failed logins until a user is locked out.").open(),
                      schema::field<&T::lockout_duration>("lockout_duration", "How long a user stays locked out.").open(),
                      schema::field<&T::lockout_counter_reset>("lockout_counter_reset", "After how long without a failure the count begins anew.").open(),
                      schema::field<&T::lockout_counter_reset_duration>("lockout_counter_reset_duration", "The same.").open(),
                      schema::field<&T::lockout_disable>("lockout_disable", "Turns the lockout off.").open()};
  }
};

// A row of the mount table, as stored.
struct MountEntry {
  std::string path;        // "secret/", "auth/userpass/"
  std::string type;        // as shown: "kv", "generic", "userpass"
  std::string description;
  std::string accessor;    // "kv_1a2b3c4d"
  std::string uuid;        // text of the MountId
  schema::StringMap options;
  bool has_options = false;  // false shows `options: null`
  bool local = false, seal_wrap = false, external_entropy_access = false, force_no_cache = false;
  Seconds default_lease_ttl{0}, max_lease_ttl{0};  // 0: the system's
  std::vector<std::string> audit_non_hmac_request_keys, audit_non_hmac_response_keys, passthrough_request_headers, allowed_response_headers;
  std::string listing_visibility, token_type, plugin_version;
  std::optional<LockoutConfig> user_lockout_config;
  static constexpr auto fields() {
    using T = MountEntry;
    using schema::field;
    return schema::Fields{field<&T::path>("path", ""), field<&T::type>("type", ""), field<&T::description>("description", ""), field<&T::accessor>("accessor", ""),
                      field<&T::uuid>("uuid", ""), field<&T::options>("options", ""), field<&T::has_options>("has_options", ""), field<&T::local>("local", ""),
                      field<&T::seal_wrap>("seal_wrap", ""), field<&T::external_entropy_access>("external_entropy_access", ""),
                      field<&T::force_no_cache>("force_no_cache", ""), field<&T::default_lease_ttl>("default_lease_ttl", ""),
                      field<&T::max_lease_ttl>("max_lease_ttl", ""), field<&T::audit_non_hmac_request_keys>("audit_non_hmac_request_keys", ""),
                      field<&T::audit_non_hmac_response_keys>("audit_non_hmac_response_keys", ""),
                      field<&T::passthrough_request_headers>("passthrough_request_headers", ""),
                      field<&T::allowed_response_headers>("allowed_response_headers", ""), field<&T::listing_visibility>("listing_visibility", ""),
                      field<&T::token_type>("token_type", ""), field<&T::plugin_version>("plugin_version", ""),
                      field<&T::user_lockout_config>("user_lockout_config", "")};
  }
  [[nodiscard]] bool is_auth() const { return path.starts_with("auth/"); }
};

// A type of backend, with its table compiled; one for all mounts of the type.
struct BackendSlot {
  MountClass mount_class = MountClass::secret;
  std::string type, variant, summary;
  std::unique_ptr<Backend> backend;
  schema::Table table;
};
// The types that can be mounted, and the core's own. Fixed after start.
class BackendCatalog {
 public:
  Result<void> add(const BackendType& type, const BackendServices& services);
  Result<void> add(MountClass mount_class, std::string_view type, std::unique_ptr<Backend> backend, std::string_view summary);
  // `type` as stored; "kv" looks at the option `version`. Null when there is none.
  [[nodiscard]] const BackendSlot* find(MountClass mount_class, std::string_view type, const schema::StringMap& options) const;
  [[nodiscard]] const std::vector<std::unique_ptr<BackendSlot>>& slots() const { return slots_; }

 private:
  std::vector<std::unique_ptr<BackendSlot>> slots_;
};

// A mount, ready to serve.
struct Mount {
  MountEntry entry;
  MountInfo info;
  KeySpace space;
  const BackendSlot* slot = nullptr;
};

// All mounts at one position of the store. Immutable; safe from any thread.
class MountTable {
 public:
  // Mounts whose type is unknown to the catalog are left out (and logged): their data stays.
  static std::shared_ptr<const MountTable> make(std::vector<MountEntry> entries, const BackendCatalog& catalog, TenantId tenant, Seconds default_ttl, Seconds max_ttl);
  // The mount that `path` lies on, and the rest of the path.
  struct Route {
    const Mount* mount = nullptr;
    std::string_view rest;
  };
  [[nodiscard]] Route route(std::string_view path) const;
  [[nodiscard]] const Mount* find(std::string_view mount_path) const;  // exact, with the trailing slash
  // A mount at, above or below `path` ("a/b/"): then nothing can be mounted there.
  [[nodiscard]] const Mount* conflict(std::string_view path) const;
  [[nodiscard]] const Mount* by_accessor(std::string_view accessor) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const Mount>>& all() const { return all_; }  // by path

 private:
  std::vector<std::shared_ptr<const Mount>> all_;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, const Mount*, Hash, std::equal_to<>> by_path_;
};

[[nodiscard]] Result<MountId> parse_mount_id(std::string_view uuid);

}  // namespace coffer::core
