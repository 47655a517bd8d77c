#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

// The server's configuration: Vault's and OpenBao's config.hcl, in HCL 1 or JSON, from files and folders, as one typed value
// (vault-api.md §1.0). All that is wrong is collected, each with its place, its cause and the mend.
namespace coffer::config {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Something wrong with the configuration, or worth a word in the log.
struct Problem {
  std::string file;
  std::uint32_t line = 0, column = 0;  // 0: about the whole
  std::string message, hint;           // what is wrong; what to write instead. Never a secret's value.
  // "config.hcl:3:5: unknown key "lisener"; did you mean "listener"?"
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::string join(std::span<const Problem> problems);  // one per line

// What a listener serves.
struct Apis {
  bool vault = true, aws = true, azure = true;
};

enum class ListenerType : std::uint8_t { tcp, unix_socket };
enum class ProxyProtocol : std::uint8_t { off, use_always, allow_authorized, deny_unauthorized };

struct Listener {
  ListenerType type = ListenerType::tcp;
  std::string address = "127.0.0.1:8200";  // host:port ("[::]:8200" where the config says ":8200"), or a socket's path
  std::string cluster_address;
  bool tls_disable = false;
  std::string tls_cert_file, tls_key_file, tls_client_ca_file;  // as written: relative to the working directory
  std::string tls_min_version = "tls12", tls_max_version = "tls13";
  std::string tls_cipher_suites;  // as OpenSSL names them, for TLS 1.2; empty: the server's choice
  bool tls_require_and_verify_client_cert = false, tls_disable_client_certs = false;
  std::optional<Seconds> http_read_header_timeout, http_read_timeout, http_write_timeout, http_idle_timeout;
  std::int64_t max_request_size = 32 << 20;  // bytes of a body; 0 or less is refused
  std::optional<Seconds> max_request_duration;
  bool require_request_header = false;  // X-Vault-Request must be there
  bool disable_unauthed_rekey_endpoints = true, disable_unauthed_generate_root_endpoints = true;
  bool unauthenticated_metrics_access = false, unauthenticated_pprof_access = false, unauthenticated_in_flight_requests_access = false;
  std::vector<std::string> x_forwarded_for_authorized_addrs;  // addresses and CIDRs
  std::int64_t x_forwarded_for_hop_skips = 0;
  bool x_forwarded_for_reject_not_present = true, x_forwarded_for_reject_not_authorized = true;
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  std::vector<std::string> proxy_protocol_authorized_addrs;
  // Headers of every answer: by "default", "2xx" or "404".
  struct ResponseHeaders {
    std::string status;
    Pairs headers;
  };
  std::vector<ResponseHeaders> custom_response_headers;
  Apis apis;
  unsigned socket_mode = 0600;
  std::string socket_user, socket_group;
  std::string file;  // where it was declared
  std::uint32_t line = 0;
};

enum class StorageType : std::uint8_t { rocksdb, memory };
struct Storage {
  StorageType type = StorageType::rocksdb;
  std::string declared = "rocksdb";  // the word in the config: what sys/seal-status shows
  std::string path;                  // of the data folder; empty for memory
  std::string node_id;
};

enum class SealType : std::uint8_t { shamir, static_key };
struct Seal {
  SealType type = SealType::shamir;
  // Of a static seal: a key, or where it is ("file:///path", "env://NAME", "credential://name"). Secret.
  std::string current_key_id, current_key, previous_key_id, previous_key;
};

struct AuditDevice {
  std::string type, path, description;  // path without a final '/'
  bool local = false;
  Pairs options;
};

struct Telemetry {
  std::optional<Seconds> prometheus_retention_time;
  bool disable_hostname = false;
  std::string metrics_prefix = "vault";
};

// Defaults of a mount's lockout; one per kind of auth method, or "all".
struct UserLockout {
  std::string type;
  std::optional<std::int64_t> threshold;
  std::optional<Seconds> duration, counter_reset;
  std::optional<bool> disabled;
};

// How secrets rotate that AWS's clients have rotated.
struct AwsRotation {
  // Functions by ARN or name ('*' for any text), and where they are.
  struct Function {
    std::string pattern, endpoint, name, ca_file;  // empty: the block's own, the name in the ARN
    std::optional<Seconds> timeout;
  };
  std::vector<Function> functions;
  std::string endpoint, ca_file;  // of functions that no block names; empty: there are none
  Seconds timeout{60}, retry_interval{60}, max_retry_interval{3600};
  std::int64_t attempts = 10, at_once = 8;
  std::string access_key_id, secret_access_key, region;  // that calls are signed with. The key is secret, or where it is (file://, env://, credential://)
};

// AWS's door.
struct Aws {
  bool disabled = false;
  std::string partition = "aws", account_id = "123456789012";
  std::string region = "us-east-1";                                   // the primary one
  std::vector<std::string> regions;                                   // empty: any
  std::string mount = "secret/", key_ring = "auth/aws-keys/";         // with a slash at the end
  std::string name_prefix, path_prefix;                               // "team/"; "/aws"
  std::vector<std::string> signed_hosts;                              // "secrets.example.com:8200"
  AwsRotation rotation;
};

// Azure's door.
struct Azure {
  struct Place {
    std::string mount, folder;  // with a slash at the end; the folder may be ""
  };
  bool disabled = false;
  std::string suffix = "vault.localhost", tenant = "adfs", authority, login_mount = "auth/approle/", app_mount = "auth/azure-apps/";
  std::map<std::string, Place, std::less<>> vaults;
  std::map<std::string, std::string, std::less<>> hosts;
};

struct Config {
  std::vector<Listener> listeners;
  Storage storage;
  Seal seal;
  std::vector<AuditDevice> audits;
  std::vector<std::string> audit_dirs;
  std::string api_addr, cluster_addr, cluster_name;
  std::string log_level, log_format, log_file, pid_file, plugin_directory;  // empty: not set
  std::string api_version = "1.18.5";                                       // the version that API clients see
  Seconds default_lease_ttl{768 * 3600}, max_lease_ttl{768 * 3600};
  std::optional<Seconds> default_max_request_duration;
  bool ui = false, disable_mlock = false, disable_cache = false;
  bool raw_storage_endpoint = false, introspection_endpoint = false, unsafe_allow_api_audit_creation = true;
  bool enable_response_header_hostname = false;
  std::int64_t cache_size = 0;
  Telemetry telemetry;
  std::vector<UserLockout> user_lockouts;
  Aws aws;
  Azure azure;
  bool dev = false;
  // What was accepted and has no effect here, or deserves attention. For the log, and for `operator validate-config`.
  std::vector<Problem> notes;

  // The answer of sys/config/state/sanitized: a JSON object of settings that are no secrets (security.md K07).
  [[nodiscard]] std::string sanitized() const;
};

// What `server -dev` runs with: in memory, one listener.
struct DevOptions {
  std::string listen_address = "127.0.0.1:8200";
  std::string tls_cert_file, tls_key_file;  // both: TLS; neither: plain HTTP
};

struct LoadOptions {
  std::optional<DevOptions> dev;  // begin with the dev configuration; the files add to it
  bool check_files = true;        // certificates and keys must be readable files
};

// Reads files, and of folders all *.hcl and *.json, in the order of their names. Later scalars win; listeners and audit devices add up.
[[nodiscard]] std::expected<Config, std::vector<Problem>> load(std::span<const std::string> paths, const LoadOptions& options = {});

// The same from a text; `file` is for messages.
[[nodiscard]] std::expected<Config, std::vector<Problem>> parse(std::string_view text, std::string_view file,
                                                                const LoadOptions& options = {});

// docs/reference/config.md, from the tables of settings.
[[nodiscard]] std::string reference_markdown();

}  // namespace coffer::config
