#include <fmt/format.h>

#include "base/encoding.h"
#include "server/config/reader.h"

// The settings outside of any block.
namespace coffer::config {

namespace {

void read_log_level(Reader& reader, const hcl::Entry& entry, Config& into) {
  std::string word;
  reader.read(entry, word);
  word = ascii_lower(word);
  constexpr std::string_view levels[] = {"trace", "debug", "info", "notice", "warn", "warning", "err", "error"};
  if (word.empty()) return;
  if (std::ranges::find(levels, word) == std::end(levels)) return reader.refuse_word(entry, word, levels);
  into.log_level = word == "notice" ? "info" : word == "warning" ? "warn" : word == "err" ? "error" : word;
}

void read_log_format(Reader& reader, const hcl::Entry& entry, Config& into) {
  std::string word;
  reader.read(entry, word);
  word = ascii_lower(word);
  constexpr std::string_view formats[] = {"standard", "json"};
  if (word.empty() || word == "unspecified") return;
  if (std::ranges::find(formats, word) == std::end(formats)) return reader.refuse_word(entry, word, formats);
  into.log_format = word;
}

void read_api_version(Reader& reader, const hcl::Entry& entry, Config& into) {
  std::string text;
  reader.read(entry, text);
  int dots = 0;
  bool good = !text.empty() && text.front() != '.' && text.back() != '.' && text.size() <= 32 && text.find("..") == std::string::npos;
  for (const char c : text) {
    dots += c == '.' ? 1 : 0;
    good = good && (c == '.' || (c >= '0' && c <= '9'));
  }
  if (!good || dots != 2)
    return reader.wrong(entry.value.at, "\"api_version\" expected three numbers", "write for instance \"1.18.5\": no \"v\", no \"+ent\"");
  into.api_version = std::move(text);
}

// A URL with a scheme and a host, as clients are told it.
template <std::string Config::* Member>
void read_url(Reader& reader, const hcl::Entry& entry, Config& into) {
  std::string url;
  reader.read(entry, url);
  if (url.find("{{") != std::string::npos)
    return reader.wrong(entry.value.at, fmt::format("\"{}\": address templates are not supported", entry.name()),
                        "write the address itself");
  const bool good = url.empty() || ((url.starts_with("https://") && url.size() > 8) || (url.starts_with("http://") && url.size() > 7));
  if (!good)
    return reader.wrong(entry.value.at, fmt::format("\"{}\" expected a URL", entry.name()), "write for instance \"https://10.0.0.5:8200\"");
  into.*Member = std::move(url);
}

constexpr std::string_view embedded = "the store is embedded", one_node = "one node serves this store", no_plugins = "engines are built in",
                           no_license = "there is nothing to license",
                           own_rotation = "the log goes to stderr; let the service manager rotate it";
constexpr Setting<Config> nothing(std::string_view name, std::string_view reason) { return without_effect<Config>(name, reason); }

constexpr Setting<Config> table[] = {
    {"listener", read_listeners, "Where the server listens: `listener \"tcp\" { }` or `listener \"unix\" { }`; several for several.", false, true},
    {"storage", read_storage, "Where data is kept: `storage \"rocksdb\" { path = ... }`, or `inmem`."},
    {"backend", read_storage, "Old name of `storage`."},
    {"seal", read_seal, "What opens the store: `seal \"static\" { }`; without it Shamir shares do.", false, true},
    {"audit", read_audits, "Audit devices, as `audit \"file\" \"name\" { options { } }`.", false, true},
    {"telemetry", read_telemetry, "Metrics."},
    {"aws", read_aws, "What AWS's clients see: `aws { account_id = \"123456789012\" }`."},
    {"azure", read_azure, "What Azure's clients see: `azure { suffix = \"vault.example.com\" }`."},
    {"user_lockout", read_user_lockout, "When failed logins lock a user: `user_lockout \"all\" { }`, or one login method.", false, true},
    setting<&Config::audit_dirs>("audit_dirs", "Folders beneath which the API may place audit files. Default: `audit` in the data folder, `/var/log`, `/vault/logs`."),
    {"api_addr", read_url<&Config::api_addr>, "The address that clients are told, as a URL."},
    {"cluster_addr", read_url<&Config::cluster_addr>, "The address that other nodes are told."},
    setting<&Config::cluster_name>("cluster_name", "Name of the cluster in `sys/health`; one is made up when it is missing."),
    {"log_level", read_log_level, "Least level to log: trace, debug, info, warn or error."},
    {"log_format", read_log_format, "`standard` or `json`."},
    setting<&Config::log_file>("log_file", "File for the log (made 0600, opened anew on SIGHUP); without it stderr."),
    setting<&Config::pid_file>("pid_file", "File that holds the process id while the server runs."),
    {"api_version", read_api_version, "The version of Vault that API clients are told (default 1.18.5)."},
    setting<&Config::default_lease_ttl>("default_lease_ttl", "Lifetime of tokens and leases that ask for none (default 768h)."),
    setting<&Config::max_lease_ttl>("max_lease_ttl", "Longest lifetime of tokens and leases (default 768h)."),
    setting<&Config::default_max_request_duration>("default_max_request_duration", "How long a request may take (default 90s)."),
    setting<&Config::ui>("ui", "Whether the web interface is served; there is none yet."),
    setting<&Config::disable_mlock>("disable_mlock", "Kept for clients that read it; secrets are locked in memory as far as RLIMIT_MEMLOCK allows, always."),
    setting<&Config::disable_cache>("disable_cache", "Kept for clients that read it."),
    setting<&Config::cache_size>("cache_size", "Kept for clients that read it."),
    setting<&Config::raw_storage_endpoint>("raw_storage_endpoint", "Announce `sys/raw`."),
    setting<&Config::raw_storage_endpoint>("enable_raw_endpoint", "The same as `raw_storage_endpoint`."),
    setting<&Config::introspection_endpoint>("introspection_endpoint", "Announce `sys/internal/inspect`."),
    setting<&Config::unsafe_allow_api_audit_creation>("unsafe_allow_api_audit_creation", "Whether audit devices may be enabled by the API (default true)."),
    setting<&Config::enable_response_header_hostname>("enable_response_header_hostname", "Add the header X-Vault-Hostname to answers."),
    nothing("plugin_directory", no_plugins),
    nothing("plugin_file_uid", no_plugins),
    nothing("plugin_file_permissions", no_plugins),
    nothing("plugin_tmpdir", no_plugins),
    nothing("plugin_download_behavior", no_plugins),
    nothing("plugin_oci_auth", no_plugins),
    nothing("plugin_auto_download", no_plugins),
    nothing("plugin_auto_register", no_plugins),
    nothing("plugin", no_plugins),
    nothing("plugins", no_plugins),
    nothing("ha_storage", embedded),
    nothing("ha_backend", embedded),
    nothing("service_registration", one_node),
    nothing("disable_clustering", one_node),
    nothing("disable_performance_standby", one_node),
    nothing("disable_standby_reads", one_node),
    nothing("cluster_cipher_suites", one_node),
    nothing("enable_response_header_raft_node_id", embedded),
    nothing("disable_sealwrap", "every value is encrypted once, under the barrier"),
    nothing("disable_indexing", embedded),
    nothing("disable_printable_check", "paths are checked always"),
    nothing("disable_sentinel_trace", "there is no Sentinel"),
    nothing("detect_deadlocks", "it is a debugging aid of another server"),
    nothing("imprecise_lease_role_tracking", "there are no lease-count quotas"),
    nothing("log_requests_level", "requests are in the audit log"),
    nothing("log_rotate_bytes", own_rotation),
    nothing("log_rotate_duration", own_rotation),
    nothing("log_rotate_max_files", own_rotation),
    nothing("license_path", no_license),
    nothing("reporting", no_license),
    nothing("experiments", "there are none"),
    nothing("request_limiter", "requests are limited by budgets"),
    nothing("enable_post_unseal_trace", "it is a debugging aid of another server"),
    nothing("post_unseal_trace_directory", "it is a debugging aid of another server"),
    nothing("enable_multiseal", "there is one seal"),
    nothing("allow_audit_log_prefixing", "audit records have no prefix"),
    nothing("unsafe_cross_namespace_identity", "identities stay in their namespace"),
    refused<Config>("administrative_namespace_path", "the restricted endpoints would stay in the root namespace"),
    refused<Config>("initialize", "the server does not initialise itself; run `operator init`"),
    refused<Config>("entropy", "randomness comes from the kernel"),
    refused<Config>("kms", "seals are shamir and static; write it as a seal block"),
    refused<Config>("hsm", "seals are shamir and static; write it as a seal block"),
};

}  // namespace

void describe_top(std::string& out) { describe<Config>(out, "At the top", table); }

void read_document(Reader& reader, const hcl::Document& document, Config& into) {
  read_object<Config>(reader, document.root, "", table, into);
  const auto find = [&](std::string_view name) {
    return std::ranges::find_if(document.root.entries, [&](const hcl::Entry& e) { return e.name() == name; });
  };
  if (find("storage") != document.root.entries.end() && find("backend") != document.root.entries.end())
    reader.wrong(find("backend")->keys.front().at, "both \"storage\" and \"backend\" are set", "they are the same: remove one");
  // Clients may be shown it; it does nothing.
  if (const auto plugin = find("plugin_directory"); plugin != document.root.entries.end() && plugin->value.is(hcl::Kind::string))
    into.plugin_directory = plugin->value.text;
}

}  // namespace coffer::config
