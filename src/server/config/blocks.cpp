#include <fmt/format.h>

#include "base/encoding.h"
#include "server/config/reader.h"

// storage, seal, telemetry, user_lockout.
namespace coffer::config {

namespace {

constexpr std::string_view one_machine = "the store is embedded", own_tuning = "the embedded store tunes itself";

// What a storage block may hold, whatever its type.
struct StorageSettings {
  Storage storage;
  std::string api_addr, cluster_addr;
};
template <std::string Storage::* Member>
void read_of_storage(Reader& reader, const hcl::Entry& entry, StorageSettings& into) {
  reader.read(entry, into.storage.*Member);
}
constexpr Setting<StorageSettings> tuning(std::string_view name) { return without_effect<StorageSettings>(name, own_tuning); }
constexpr Setting<StorageSettings> clustering(std::string_view name) { return without_effect<StorageSettings>(name, one_machine); }

constexpr Setting<StorageSettings> storage_table[] = {
    {"path", read_of_storage<&Storage::path>, "The data folder."},
    {"node_id", read_of_storage<&Storage::node_id>, "Name of this node."},
    setting<&StorageSettings::api_addr>("redirect_addr", "The same as `api_addr`."),
    setting<&StorageSettings::api_addr>("advertise_addr", "The same as `api_addr`."),
    setting<&StorageSettings::cluster_addr>("cluster_addr", "The address that other nodes are told."),
    clustering("disable_clustering"),
    clustering("retry_join"),
    clustering("retry_join_as_non_voter"),
    clustering("performance_multiplier"),
    clustering("autopilot_reconcile_interval"),
    clustering("autopilot_update_interval"),
    clustering("autopilot_upgrade_version"),
    clustering("autopilot_redundancy_zone"),
    tuning("trailing_logs"),
    tuning("snapshot_threshold"),
    tuning("snapshot_interval"),
    tuning("max_entry_size"),
    tuning("max_transaction_size"),
    tuning("max_mount_and_namespace_table_entry_size"),
    tuning("max_parallel"),
    tuning("raft_log_verifier_enabled"),
    tuning("raft_log_verification_interval"),
    tuning("raft_wal"),
};

constexpr std::string_view other_stores[] = {"aerospike", "alicloudoss", "azure",        "cassandra", "cockroachdb", "consul",   "couchdb",
                                             "dynamodb",  "etcd",        "foundationdb", "gcs",       "manta",       "mssql",    "mysql",
                                             "oci",       "postgresql",  "s3",           "spanner",   "swift",       "zookeeper"};
constexpr std::string_view stores[] = {"rocksdb", "inmem", "file", "raft"};

// False when the type is not known.
bool choose_storage(Reader& reader, const hcl::Key& type, Storage& into) {
  const std::string word = ascii_lower(type.text);
  into.declared = word;
  if (word == "rocksdb") return true;
  if (word == "file" || word == "raft") {
    reader.note(
        type.at,
        fmt::format("storage \"{}\" is kept in the embedded store (rocksdb) below its path; data of another server there are not read",
                    word));
    return true;
  }
  if (word == "inmem" || word == "inmem_ha" || word == "inmem_transactional" || word == "inmem_transactional_ha") {
    into.type = StorageType::memory;
    into.declared = "inmem";
    return true;
  }
  if (std::ranges::find(other_stores, word) != std::end(other_stores)) {
    reader.wrong(type.at, fmt::format("storage \"{}\" is not supported", word), "write storage \"rocksdb\" { path = \"/var/lib/coffer\" }");
  } else {
    const std::string_view near = policy::closest(word, stores);
    reader.wrong(type.at, fmt::format("unknown storage \"{}\"", type.text),
                 near.empty() ? fmt::format("allowed: {}", fmt::join(stores, ", ")) : fmt::format("did you mean \"{}\"?", near));
  }
  return false;
}

struct SealSettings {
  Seal seal;
  bool disabled = false;
};
template <std::string Seal::* Member>
void read_of_seal(Reader& reader, const hcl::Entry& entry, SealSettings& into) {
  reader.read(entry, into.seal.*Member);
}
constexpr Setting<SealSettings> seal_table[] = {
    {"current_key_id", read_of_seal<&Seal::current_key_id>, "Name of the key, which may be anything that no other key has."},
    {"current_key", read_of_seal<&Seal::current_key>, "32 bytes, also in hex or base64: as `file:///path`, `env://NAME` or `credential://name`."},
    {"previous_key_id", read_of_seal<&Seal::previous_key_id>, "Name of the key before, while it is being replaced."},
    {"previous_key", read_of_seal<&Seal::previous_key>, "The key before."},
    setting<&SealSettings::disabled>("disabled", "Go back to Shamir shares."),
    without_effect<SealSettings>("name", "there is one seal"),
    without_effect<SealSettings>("priority", "there is one seal"),
    without_effect<SealSettings>("purpose", "there is one seal"),
};
constexpr std::string_view other_seals[] = {"alicloudkms", "awskms",   "azurekeyvault", "gcpckms",      "kmip",
                                            "ocikms",      "ovhcloud", "pkcs11",        "tcloudpublic", "transit"};

void check_static(Reader& reader, const hcl::Position& at, const Seal& seal) {
  if (seal.current_key.empty() || seal.current_key_id.empty())
    reader.wrong(at, "seal \"static\" needs current_key_id and current_key",
                 "write current_key = \"file:///etc/coffer/seal.key\", a file with 32 random bytes");
  if (seal.previous_key.empty() != seal.previous_key_id.empty())
    reader.wrong(at, "seal \"static\" has only one of previous_key_id and previous_key", "give both or neither");
  if (!seal.previous_key_id.empty() && seal.previous_key_id == seal.current_key_id)
    reader.wrong(at, "seal \"static\": both keys have the same id", "give the new key a new id");
  for (const std::string* key : {&seal.current_key, &seal.previous_key}) {
    if (!key->empty() && key->find("://") == std::string::npos)
      reader.note(at, "a seal's key stands in the configuration itself: file://, env:// or credential:// keep it apart");
  }
}

constexpr std::string_view push_metrics = "metrics are read from sys/metrics";
constexpr Setting<Telemetry> pushed(std::string_view name) { return without_effect<Telemetry>(name, push_metrics); }
constexpr Setting<Telemetry> telemetry_table[] = {
    setting<&Telemetry::prometheus_retention_time>("prometheus_retention_time", "How long metrics are kept; they are those of the running process."),
    setting<&Telemetry::disable_hostname>("disable_hostname", "Names of metrics have no host name, always."),
    pending(setting<&Telemetry::metrics_prefix>("metrics_prefix", "What names of metrics begin with.")),
    pushed("enable_hostname_label"),
    pushed("usage_gauge_period"),
    pushed("maximum_gauge_cardinality"),
    pushed("lease_metrics_epsilon"),
    pushed("num_lease_metrics_buckets"),
    pushed("add_lease_metrics_namespace_labels"),
    pushed("add_mount_point_rollback_metrics"),
    pushed("rollback_metrics_include_mount_point"),
    pushed("filter_default"),
    pushed("prefix_filter"),
    pushed("statsite_address"),
    pushed("statsd_address"),
    pushed("dogstatsd_addr"),
    pushed("dogstatsd_tags"),
    pushed("circonus_api_token"),
    pushed("circonus_api_app"),
    pushed("circonus_api_url"),
    pushed("circonus_submission_interval"),
    pushed("circonus_submission_url"),
    pushed("circonus_check_id"),
    pushed("circonus_check_force_metric_activation"),
    pushed("circonus_check_instance_id"),
    pushed("circonus_check_search_tag"),
    pushed("circonus_check_tags"),
    pushed("circonus_check_display_name"),
    pushed("circonus_broker_id"),
    pushed("circonus_broker_select_tag"),
    pushed("stackdriver_project_id"),
    pushed("stackdriver_location"),
    pushed("stackdriver_namespace"),
    pushed("stackdriver_debug_logs"),
};

constexpr Setting<UserLockout> lockout_table[] = {
    setting<&UserLockout::threshold>("lockout_threshold", "How many failures lock a user (default 5)."),
    setting<&UserLockout::duration>("lockout_duration", "For how long (default 15m)."),
    setting<&UserLockout::counter_reset>("lockout_counter_reset", "After how long without a failure counting begins anew (default 15m)."),
    setting<&UserLockout::disabled>("disable_lockout", "Never lock."),
};

}  // namespace

void describe_blocks(std::string& out) {
  describe<StorageSettings>(out, "storage", storage_table);
  describe<SealSettings>(out, "seal \"static\"", seal_table);
  describe<UserLockout>(out, "user_lockout", lockout_table);
  describe<Telemetry>(out, "telemetry", telemetry_table);
}

void read_storage(Reader& reader, const hcl::Entry& entry, Config& into) {
  auto blocks = hcl::blocks(entry, 1);
  if (!blocks) return reader.wrong(blocks.error(), entry.keys.front().at.file);
  if (blocks->empty())
    return reader.wrong(entry.keys.front().at, "the storage block names no storage",
                        "write storage \"rocksdb\" { path = \"/var/lib/coffer\" }");
  if (blocks->size() > 1) return reader.wrong(blocks->back().labels.front()->at, "a second storage", "one server has one storage");
  const hcl::Key& type = *blocks->front().labels.front();
  StorageSettings read;
  if (!choose_storage(reader, type, read.storage)) return;
  read_object<StorageSettings>(reader, *blocks->front().body, "storage", storage_table, read);
  if (read.storage.type == StorageType::memory) {
    read.storage.path.clear();
  } else if (read.storage.path.empty()) {
    reader.wrong(type.at, fmt::format("storage \"{}\" needs a path", type.text),
                 "write path = \"/var/lib/coffer\", a folder that the server may write");
  }
  into.storage = std::move(read.storage);
  if (into.api_addr.empty()) into.api_addr = std::move(read.api_addr);
  if (into.cluster_addr.empty()) into.cluster_addr = std::move(read.cluster_addr);
}

void read_seal(Reader& reader, const hcl::Entry& entry, Config& into) {
  auto blocks = hcl::blocks(entry, 1);
  if (!blocks) return reader.wrong(blocks.error(), entry.keys.front().at.file);
  for (const hcl::Block& block : *blocks) {
    const hcl::Key& type = *block.labels.front();
    const std::string word = ascii_lower(type.text);
    SealSettings read;
    if (word == "static") {
      read.seal.type = SealType::static_key;
    } else if (word != "shamir") {
      const bool known = std::ranges::find(other_seals, word) != std::end(other_seals);
      reader.wrong(type.at, fmt::format("{} seal \"{}\"", known ? "unsupported" : "unknown", type.text), "allowed: shamir, static");
      continue;
    }
    read_object<SealSettings>(reader, *block.body, "seal", seal_table, read);
    if (read.disabled) {
      reader.note(type.at, fmt::format("seal \"{}\" is disabled and left out", type.text));
      continue;
    }
    if (read.seal.type == SealType::static_key) check_static(reader, type.at, read.seal);
    into.seal = std::move(read.seal);
  }
}

void read_telemetry(Reader& reader, const hcl::Entry& entry, Config& into) {
  for (const hcl::Value* object : reader.objects(entry))
    read_object<Telemetry>(reader, *object, "telemetry", telemetry_table, into.telemetry);
}

void read_user_lockout(Reader& reader, const hcl::Entry& entry, Config& into) {
  auto blocks = hcl::blocks(entry, 1);
  if (!blocks) return reader.wrong(blocks.error(), entry.keys.front().at.file);
  for (const hcl::Block& block : *blocks) {
    const hcl::Key& type = *block.labels.front();
    constexpr std::string_view types[] = {"all", "userpass", "approle", "ldap"};
    UserLockout lockout;
    lockout.type = ascii_lower(type.text);
    if (std::ranges::find(types, lockout.type) == std::end(types))
      reader.wrong(type.at, fmt::format("user_lockout \"{}\" is unknown", type.text), "allowed: all, userpass, approle, ldap");
    read_object<UserLockout>(reader, *block.body, "user_lockout", lockout_table, lockout);
    into.user_lockouts.push_back(std::move(lockout));
  }
}

}  // namespace coffer::config
