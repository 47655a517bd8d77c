#pragma once
#include <string>
#include <vector>

#include "base/clock.h"

namespace coffer::core {

// What the core takes from the configuration. Constant after start.
struct CoreConfig {
  Seconds default_lease_ttl{768 * 3600}, max_lease_ttl{768 * 3600};
  std::string api_version = "1.18.5";      // what API clients see
  std::string own_version = "0.1.0";
  std::string build_date = "2026-01-01T00:00:00Z";
  std::string storage_type = "rocksdb";    // as sys/seal-status shows it
  std::string api_address, cluster_address;
  std::string log_level = "info";             // as configured: what sys/loggers goes back to
  bool unauthenticated_rekey = false;         // disable_unauthed_rekey_endpoints = false
  bool unauthenticated_generate_root = false;
  bool introspection = false, raw_storage = false, unauthenticated_metrics = false;
  bool audit_by_api = true;
  std::string sanitized_json = "{}";       // sys/config/state/sanitized
  // User lockout: the field's defaults (vault-api.md §1.10).
  std::int64_t lockout_threshold = 5;
  Seconds lockout_duration{900}, lockout_reset{900};
  bool lockout_disabled = false;
  bool dev = false;
  std::string dev_root_token;              // -dev-root-token-id; any text
  unsigned workers = 4;
  std::size_t token_cache = 100'000;       // tokens kept decoded
};

}  // namespace coffer::core
