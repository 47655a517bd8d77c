#pragma once
#include <array>
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

// The HMAC under which values appear ("hmac-sha256:<hex>"). One salt serves all sinks. Safe from any thread; a redaction of 100 bytes
// costs about 0.2 us.
class Salt final : public json::Redactor {
 public:
  explicit Salt(SecretBytes key);
  ~Salt() override;  // wipes the keyed states
  void append_redacted(std::string_view scalar, std::string& out) override;
  [[nodiscard]] std::string redacted(std::string_view scalar);
  // Another key from now on, also while other threads redact.
  void rekey(SecretBytes key);

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
  std::string_view metadata_json;                      // the same as a redacted object, used instead (but for log_raw) when not empty
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
  Time time{};                                          // of the answer; the request's when not set
  std::string_view data, data_raw;                      // response data object
  std::string_view auth_json, secret_json, wrap_info_json;  // redacted objects of the reply, "" when absent
  std::span<const std::string> warnings;                // redacted, since they may repeat what the caller sent
  std::string_view redirect;
  std::uint64_t position = 0;                           // of the commit it acknowledges; 0 for reads
  int status = 0;
};

// How a record is encoded; devices choose by their options. Each form in use is a chain of its own.
struct Form {
  bool raw = false;             // log_raw: data and token as they came
  bool plain_accessor = false;  // hmac_accessor = false
  bool elide_lists = false;     // elide_list_responses: how many keys, not which
  static constexpr std::size_t count = 8;
  [[nodiscard]] constexpr std::size_t index() const { return (raw ? 1u : 0u) | (plain_accessor ? 2u : 0u) | (elide_lists ? 4u : 0u); }
  [[nodiscard]] static constexpr Form at(std::size_t i) { return {(i & 1) != 0, (i & 2) != 0, (i & 4) != 0}; }
  bool operator==(const Form&) const = default;
};

// One encoded record, without chain fields; the broker adds those. `append_*` add to `out` one JSON object, without a newline.
void append_request_record(std::string& out, const Event& event, Salt& salt, Form form = {});
void append_response_record(std::string& out, const ResponseEvent& event, Salt& salt, Form form = {});

class Broker;

// Records that wait together to be written, encoded and hashed by the thread that makes them, once per form that a device wants. Kept and
// reused by its owner, so that a record costs no allocation. Not thread-safe.
class Records {
 public:
  Records() = default;
  Records(Records&&) = default;
  Records& operator=(Records&&) = default;
  ~Records() { clear(); }
  void request(Broker& broker, const Event& event);
  // Cheaper when the request record of the same, unchanged Event was the last one added: what both share is copied.
  void response(Broker& broker, const ResponseEvent& event);
  void clear();
  [[nodiscard]] std::size_t size() const { return encodings_[0].items.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  // Highest commit position among them.
  [[nodiscard]] std::uint64_t position() const { return position_; }

  struct Item {
    std::size_t begin = 0, end = 0;           // in the text, without the closing brace
    std::array<std::uint8_t, 32> digest{};    // SHA-256 of those bytes
  };
  // Record `index` in `form`; in the default form when it was not encoded in that one.
  [[nodiscard]] std::pair<std::string_view, const Item*> get(std::size_t index, Form form) const;

 private:
  struct Encoding {
    std::string text;
    std::vector<Item> items;
    std::size_t shared_begin = 0, shared_end = 0;  // what the last request record and its response record have in common
  };
  void add(std::size_t form, std::size_t begin);
  // Whether the next record is to be encoded in this form. A form that came into use after the first record stays out: get() then gives
  // the default form.
  [[nodiscard]] bool in_step(std::size_t form, std::uint8_t wanted) const;
  std::array<Encoding, Form::count> encodings_;
  const Event* last_request_ = nullptr;
  std::uint64_t position_ = 0;
};

struct DeviceOptions {
  std::string path;         // "file/": the API's name of the device
  std::string type;         // file, syslog, socket
  std::string description;
  bool local = false;
  std::vector<std::pair<std::string, std::string>> options;  // as given
};

// How a device is doing, for sys/health, metrics and the log.
struct DeviceHealth {
  std::string path, type;
  bool ok = true;
  std::string problem;        // why not; may name server paths: for operators only
  Time since{};               // of the failure
  std::uint64_t missed = 0;   // records that other devices have and this one does not
};

struct BrokerOptions {
  std::vector<std::string> audit_dirs;  // folders beneath which file paths given by API resolve
  std::string data_folder;              // for <data>/audit/sealed.log; "" when there is none
  std::string node;                     // node id in each record's chain fields
  Duration deadline = std::chrono::seconds(5);  // of sinks that can block
};

// Where the chain stands: the number of its last record and that record's hash.
struct ChainHead {
  std::uint64_t seq = 0;
  std::array<std::uint8_t, 32> hash{};
  bool operator==(const ChainHead&) const = default;
};

// Whose records: a ceremony (init, unseal, seal, join) is recorded in <data>/audit/sealed.log when no device is enabled; other
// traffic of an unsealed server without devices is not recorded, as with Vault.
enum class Kind : std::uint8_t { traffic, ceremony };

// Orders, chains and writes. A lock, not a thread: whoever holds it writes for all that wait. Safe from any thread.
class Broker {
 public:
  static Result<std::unique_ptr<Broker>> open(BrokerOptions options, Clock& clock);
  virtual ~Broker() = default;  // signs a last checkpoint
  // Writes the records to every device. Ok when at least one device has them, or when no device is enabled. An error: the requests must
  // be refused (Code::internal). Text of the error is for the log.
  [[nodiscard]] virtual Result<void> write(const Records& records, Kind kind = Kind::traffic) = 0;
  [[nodiscard]] virtual bool enabled() const = 0;  // whether records of traffic go anywhere: otherwise they need not be made
  [[nodiscard]] virtual bool wants_raw() const = 0;  // whether any device has log_raw
  // Which forms devices want, by Form::index(); the default form is always among them.
  [[nodiscard]] virtual std::uint8_t forms() const = 0;

  // Devices. `enable` checks the options, opens the sink, writes a test record unless skip_test; errors say what to change.
  [[nodiscard]] virtual Result<void> enable(const DeviceOptions& device, bool from_config) = 0;
  [[nodiscard]] virtual Result<void> disable(std::string_view path) = 0;
  [[nodiscard]] virtual std::vector<DeviceOptions> devices() const = 0;
  [[nodiscard]] virtual std::vector<DeviceHealth> health() const = 0;

  // After unseal: the salt for values, the key that signs checkpoints (Ed25519, 32-byte seed). Until then records go to the config's
  // devices or to <data>/audit/sealed.log, in the same chain.
  virtual void unsealed(SecretBytes salt_key, SecretBytes signing_seed) = 0;
  // Signs a last checkpoint and forgets the keys. Devices that were enabled by API are closed: they are enabled again after unseal.
  virtual void sealed() = 0;
  // One object for the broker's life. While sealed: a salt of this process that is never written.
  [[nodiscard]] virtual Salt& salt() = 0;
  virtual void reopen() = 0;  // SIGHUP
  // Called each second: signs a checkpoint of the chain if records came since the last one, looks after files that were moved or removed,
  // rotates by age, tries failed devices again.
  virtual void checkpoint() = 0;

  // The chain of the default form, to be kept where the log's own reader can compare it.
  [[nodiscard]] virtual ChainHead head() const = 0;
  // Highest commit position that any record read at open or written since acknowledges: a store that opens behind it was rolled back.
  [[nodiscard]] virtual std::uint64_t highest_position() const = 0;
  // Of the key that signs checkpoints, in hex; "" before unseal.
  [[nodiscard]] virtual std::string public_key() const = 0;
};

// Offline verification (`coffer audit verify`): reads files in order, checks chain and checkpoints.
struct VerifyOptions {
  std::string public_key;           // hex; "": any one key
  std::string node;                 // only this node's records; "": every node's
  std::optional<ChainHead> newest;  // a later state of the chain, known from elsewhere: the files must reach it
};
struct VerifyReport {
  std::uint64_t records = 0, checkpoints = 0;
  bool ok = false;
  std::string first_problem;   // names file, line and sequence
  std::uint64_t first_bad_seq = 0;
  std::string public_key;      // hex, of the checkpoints
  ChainHead last;              // of the (first) chain
  std::uint64_t unsigned_tail = 0;  // records after the newest checkpoint: their removal would not be noticed
  std::uint64_t position = 0;  // highest commit position acknowledged
  std::vector<std::string> notes;  // torn lines closed by a recovery record, rotations, restarts
};
// Errors: a file that cannot be read. Everything else is in the report.
[[nodiscard]] Result<VerifyReport> verify(std::span<const std::string> files, const VerifyOptions& options = {});
// The head that a server on that data folder last kept; nothing when there is none.
[[nodiscard]] std::optional<ChainHead> stored_head(std::string_view data_folder);

}  // namespace coffer::audit
