#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

// The audit log: records in Vault's shape, every scalar HMACed unless declared public, hash-chained, written before the reply leaves
// (design.md §8).
namespace coffer::audit {

// The HMAC under which values appear ("hmac-sha256:<hex>"). One salt serves all sinks. Contexts are kept per thread. Safe from any thread.
class Salt final : public json::Redactor {
 public:
  explicit Salt(SecretBytes key);
  ~Salt() override;
  void append_redacted(std::string_view scalar, std::string& out) override;
  [[nodiscard]] std::string redacted(std::string_view scalar);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Who asked, as records show it. Token and accessor come as they are, or already redacted (the token cache keeps both per salt).
struct Auth {
  std::string_view client_token, accessor;             // plain; "" when there is none
  std::string_view client_token_hmac, accessor_hmac;   // used instead when not empty
  std::string_view display_name, entity_id, token_type;
  std::span<const std::string> policies, token_policies, identity_policies;
  std::span<const std::pair<std::string, std::string>> metadata;
  std::int64_t token_ttl = 0;
  Time token_issue_time{};
  std::uint32_t num_uses = 0;
  bool allowed = false;
  std::span<const std::string_view> granting_policies;
};

// What happened. All views live as long as the call. `data` members are JSON objects already encoded twice: once redacted (the default),
// once as it came (used only by sinks with log_raw; "" when no sink wants it). Null object when there is nothing.
struct Event {
  Time time{};
  std::string_view id;                                  // request id
  std::string_view operation;                           // read, create, update, delete, list, patch, help, ...
  std::string_view path, mount_point, mount_type, mount_accessor, mount_class, mount_running_version;
  std::string_view namespace_id = "root", namespace_path = "";
  std::string_view remote_address;
  std::uint16_t remote_port = 0;
  std::int64_t wrap_ttl = 0;
  std::string_view headers_json;                        // configured request headers, redacted as configured
  std::string_view request_data, request_data_raw;
  const Auth* auth = nullptr;
  std::string_view error;                               // already free of secrets; "" when none
  std::string_view action, principal;                   // other doors: what AWS or Azure call it
};
struct ResponseEvent {
  const Event* request = nullptr;
  std::string_view data, data_raw;                      // response data object
  std::string_view auth_json, secret_json, wrap_info_json;  // redacted objects of the reply, "" when absent
  std::span<const std::string> warnings;
  std::string_view redirect;
  std::uint64_t position = 0;                           // of the commit it acknowledges; 0 for reads
  int status = 0;
};

// One encoded record, without chain fields; the broker adds those. `append_*` add to `out` one JSON object, without a newline.
void append_request_record(std::string& out, const Event& event, Salt& salt);
void append_response_record(std::string& out, const ResponseEvent& event, Salt& salt);

// Where records go. Implementations: file, syslog, socket. Called under the broker's lock, one batch at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  [[nodiscard]] virtual std::string_view type() const = 0;
  // Whole lines, each ending in '\n'. Returns once they are with the kernel (or synced, where so configured); an error leaves no torn line.
  [[nodiscard]] virtual Result<void> append(std::span<const std::string_view> lines) = 0;
  [[nodiscard]] virtual Result<void> reopen() = 0;  // after SIGHUP
};

struct DeviceOptions {
  std::string path;         // "file/": the API's name of the device
  std::string type;         // file, syslog, socket
  std::string description;
  bool local = false;
  std::vector<std::pair<std::string, std::string>> options;  // as given
};

struct BrokerOptions {
  std::vector<std::string> audit_dirs;  // folders beneath which file paths given by API resolve
  std::string data_folder;              // for <data>/audit/sealed.log; "" when there is none
  std::string node;                     // node id in each record's chain fields
};

// Orders, chains and writes. A lock, not a thread. Safe from any thread.
class Broker {
 public:
  static Result<std::unique_ptr<Broker>> open(BrokerOptions options, Clock& clock);
  virtual ~Broker() = default;
  // Records (as made by append_*_record) that wait together; written to every sink. Ok when at least one sink has them, or when no device
  // is enabled. An error: the requests must be refused (Code::internal). Text of the error is for the log.
  [[nodiscard]] virtual Result<void> write(std::span<const std::string_view> records) = 0;
  [[nodiscard]] virtual bool enabled() const = 0;  // whether any device is enabled: without one, records need not be made
  [[nodiscard]] virtual bool wants_raw() const = 0;

  // Devices. `enable` checks the options, opens the sink, writes a test record unless skip_test; errors say what to change.
  [[nodiscard]] virtual Result<void> enable(const DeviceOptions& device, bool from_config) = 0;
  [[nodiscard]] virtual Result<void> disable(std::string_view path) = 0;
  [[nodiscard]] virtual std::vector<DeviceOptions> devices() const = 0;

  // After unseal: the salt for values, the key that signs checkpoints (Ed25519, 32-byte seed). Until then records go to the config's
  // devices or to <data>/audit/sealed.log, in the same chain.
  virtual void unsealed(SecretBytes salt_key, SecretBytes signing_seed) = 0;
  virtual void sealed() = 0;
  [[nodiscard]] virtual Salt& salt() = 0;  // while sealed: a salt of this process that is never written
  virtual void reopen() = 0;               // SIGHUP
  // Signs a checkpoint of the chain if records came since the last one; called each second.
  virtual void checkpoint() = 0;
};

// Offline verification (`coffer audit verify`): reads files in order, checks chain and checkpoints.
struct VerifyReport {
  std::uint64_t records = 0, checkpoints = 0;
  bool ok = false;
  std::string first_problem;   // names file, line and sequence
  std::string public_key;      // hex, of the checkpoints
  std::vector<std::string> notes;  // torn lines closed by a recovery record, rotations, restarts
};
[[nodiscard]] Result<VerifyReport> verify(std::span<const std::string> files, std::string_view expected_public_key);

}  // namespace coffer::audit
