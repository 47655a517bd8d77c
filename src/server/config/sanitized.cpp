#include "base/json.h"
#include "server/config/config.h"

namespace coffer::config {

namespace {

// Only what is listed here leaves the server: a new setting stays private until someone adds it.
class Sanitizer {
 public:
  Sanitizer(const Config& config, std::string& out) : config_(config), writer_(out) {}

  void run() {
    writer_.begin_object();
    text("api_addr", config_.api_addr);
    audits();
    whole("cache_size", config_.cache_size);
    text("cluster_addr", config_.cluster_addr);
    text("cluster_cipher_suites", "");
    text("cluster_name", config_.cluster_name);
    whole("default_lease_ttl", config_.default_lease_ttl.count());
    whole("default_max_request_duration", Duration(config_.default_max_request_duration.value_or(Seconds{})).count());
    flag("disable_cache", config_.disable_cache);
    flag("disable_mlock", config_.disable_mlock);
    for (const std::string_view name : {"disable_clustering", "disable_indexing", "disable_performance_standby", "disable_printable_check",
                                        "disable_sealwrap", "disable_sentinel_trace"})
      flag(name, false);
    flag("enable_response_header_hostname", config_.enable_response_header_hostname);
    flag("enable_response_header_raft_node_id", false);
    flag("enable_ui", config_.ui);
    flag("introspection_endpoint", config_.introspection_endpoint);
    listeners();
    text("log_format", config_.log_format);
    text("log_level", config_.log_level);
    text("log_requests_level", "");
    whole("max_lease_ttl", config_.max_lease_ttl.count());
    text("pid_file", config_.pid_file);
    text("plugin_directory", config_.plugin_directory);
    whole("plugin_file_permissions", 0);
    whole("plugin_file_uid", 0);
    flag("raw_storage_endpoint", config_.raw_storage_endpoint);
    seals();
    storage();
    telemetry();
    lockouts();
    writer_.end_object();
  }

 private:
  void text(std::string_view key, std::string_view value) { writer_.key(key).string(value); }
  void whole(std::string_view key, std::int64_t value) { writer_.key(key).integer(value); }
  void flag(std::string_view key, bool value) { writer_.key(key).boolean(value); }

  void listeners() {
    writer_.key("listeners").begin_array();
    for (const Listener& listener : config_.listeners) {
      writer_.begin_object().key("config").begin_object();
      text("address", listener.address);
      if (!listener.cluster_address.empty()) text("cluster_address", listener.cluster_address);
      flag("tls_disable", listener.tls_disable);
      if (!listener.tls_cert_file.empty()) text("tls_cert_file", listener.tls_cert_file);
      if (!listener.tls_key_file.empty()) text("tls_key_file", listener.tls_key_file);
      if (!listener.tls_client_ca_file.empty()) text("tls_client_ca_file", listener.tls_client_ca_file);
      if (listener.tls_require_and_verify_client_cert) flag("tls_require_and_verify_client_cert", true);
      if (listener.unauthenticated_metrics_access) flag("unauthenticated_metrics_access", true);
      writer_.end_object();
      text("type", listener.type == ListenerType::tcp ? "tcp" : "unix");
      writer_.end_object();
    }
    writer_.end_array();
  }

  // Options may hold addresses and tokens of other systems.
  void audits() {
    if (config_.audits.empty()) return;
    writer_.key("audits").begin_array();
    for (const AuditDevice& device : config_.audits) {
      writer_.begin_object();
      text("description", device.description);
      text("path", device.path);
      text("type", device.type);
      writer_.end_object();
    }
    writer_.end_array();
  }

  void seals() {
    writer_.key("seals").begin_array().begin_object();
    flag("disabled", false);
    text("type", config_.seal.type == SealType::shamir ? "shamir" : "static");
    writer_.end_object().end_array();
  }

  void storage() {
    writer_.key("storage").begin_object();
    text("cluster_addr", config_.cluster_addr);
    flag("disable_clustering", false);
    text("redirect_addr", config_.api_addr);
    text("type", config_.storage.declared);
    writer_.end_object();
  }

  void telemetry() {
    writer_.key("telemetry").begin_object();
    flag("disable_hostname", config_.telemetry.disable_hostname);
    text("metrics_prefix", config_.telemetry.metrics_prefix);
    whole("prometheus_retention_time", Duration(config_.telemetry.prometheus_retention_time.value_or(Seconds{})).count());
    writer_.end_object();
  }

  void lockouts() {
    if (config_.user_lockouts.empty()) return;
    writer_.key("user_lockout_configs").begin_array();
    for (const UserLockout& lockout : config_.user_lockouts) {
      writer_.begin_object();
      flag("disable_lockout", lockout.disabled.value_or(false));
      whole("lockout_counter_reset", Duration(lockout.counter_reset.value_or(Seconds{})).count());
      whole("lockout_duration", Duration(lockout.duration.value_or(Seconds{})).count());
      whole("lockout_threshold", lockout.threshold.value_or(0));
      text("type", lockout.type);
      writer_.end_object();
    }
    writer_.end_array();
  }

  const Config& config_;
  json::Writer writer_;
};

}  // namespace

std::string Config::sanitized() const {
  std::string out;
  Sanitizer(*this, out).run();
  return out;
}

}  // namespace coffer::config
