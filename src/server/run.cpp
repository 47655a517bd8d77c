#include "server/run.h"

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "barrier/seal/static_seal.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret_source.h"
#include "server/builtins.h"
#include "server/config/config.h"
#include "server/dev.h"
#include "server/frontend.h"
#include "server/functions/lambda.h"
#include "server/http/wiping_allocators.h"
#include "server/process.h"
#include "storage/memory/memory_state.h"
#include "storage/rocksdb/rocksdb_state.h"

namespace coffer::server {
namespace {

constexpr Seconds drain_time{30};

int complain(const Error& error) {
  std::fprintf(stderr, "Error: %s\n", error.message.c_str());
  return 1;
}

std::string data_folder(const config::Config& config) { return config.storage.type == config::StorageType::memory ? std::string() : config.storage.path; }

Result<std::unique_ptr<barrier::SealManager>> open_seal(const config::Config& config) {
  barrier::SealManager::Options options;
  options.cluster_name = config.cluster_name;
  const std::string folder = data_folder(config);
  options.store = folder.empty() ? barrier::make_memory_seal_store() : TRY(barrier::open_file_seal_store(folder));
  if (config.seal.type == config::SealType::static_key)
    options.seal = TRY(barrier::make_static_seal({config.seal.current_key_id, config.seal.current_key, config.seal.previous_key_id, config.seal.previous_key}));
  return barrier::SealManager::open(std::move(options));
}

std::vector<std::string> audit_folders(const config::Config& config) {
  if (!config.audit_dirs.empty()) return config.audit_dirs;
  std::vector<std::string> out;
  if (const std::string folder = data_folder(config); !folder.empty()) out.push_back(folder + "/audit");
  out.insert(out.end(), {"/var/log", "/vault/logs"});
  if (config.dev || config.storage.type == config::StorageType::memory) {
    const char* temporary = std::getenv("TMPDIR");
    out.emplace_back(temporary != nullptr && *temporary != '\0' ? temporary : "/tmp");
  }
  return out;
}

Result<std::unique_ptr<audit::Broker>> open_audit(const config::Config& config) {
  audit::BrokerOptions options;
  options.audit_dirs = audit_folders(config);
  options.data_folder = data_folder(config);
  options.node = config.storage.node_id.empty() ? "node" : config.storage.node_id;
  auto broker = TRY(audit::Broker::open(std::move(options), system_clock()));
  for (const auto& device : config.audits) {
    const std::string path = device.path.ends_with('/') ? device.path : device.path + "/";
    if (auto enabled = broker->enable({path, device.type, device.description, device.local, device.options}, true); !enabled)
      return fail(enabled.error().code, "audit device " + path + ": " + enabled.error().message);
  }
  return broker;
}

core::CoreConfig core_config(const config::Config& config, const ServerOptions& options) {
  core::CoreConfig out;
  out.default_lease_ttl = config.default_lease_ttl;
  out.max_lease_ttl = config.max_lease_ttl;
  out.api_version = config.api_version;
  out.storage_type = config.storage.declared;
  out.api_address = config.api_addr;
  out.cluster_address = config.cluster_addr;
  out.log_level = options.log_level.empty() ? config.log_level : options.log_level;
  out.introspection = config.introspection_endpoint;
  out.raw_storage = config.raw_storage_endpoint;
  out.audit_by_api = config.unsafe_allow_api_audit_creation;
  for (const auto& listener : config.listeners) {
    out.unauthenticated_rekey |= !listener.disable_unauthed_rekey_endpoints;
    out.unauthenticated_generate_root |= !listener.disable_unauthed_generate_root_endpoints;
    out.unauthenticated_metrics |= listener.unauthenticated_metrics_access;
  }
  out.sanitized_json = config.sanitized();
  for (const auto& lockout : config.user_lockouts) {
    if (lockout.type != "all") continue;
    if (lockout.threshold) out.lockout_threshold = *lockout.threshold;
    if (lockout.duration) out.lockout_duration = *lockout.duration;
    if (lockout.counter_reset) out.lockout_reset = *lockout.counter_reset;
    if (lockout.disabled) out.lockout_disabled = *lockout.disabled;
  }
  out.dev = options.dev;
  out.dev_root_token = options.dev ? options.dev_root_token_id : std::string();
  return out;
}

// The functions that the configuration names; null where it names none.
Result<std::unique_ptr<rotation::Functions>> open_functions(const config::Aws& aws) {
  const config::AwsRotation& rotation = aws.rotation;
  const auto place = [&](std::string pattern, std::string endpoint, std::string name, const std::string& ca_file, Seconds timeout) {
    return FunctionPlace{std::move(pattern), std::move(endpoint), std::move(name), ca_file.empty() ? rotation.ca_file : ca_file, timeout};
  };
  LambdaSettings settings;
  for (const auto& f : rotation.functions) settings.places.push_back(place(f.pattern, f.endpoint, f.name, f.ca_file, f.timeout.value_or(rotation.timeout)));
  if (!rotation.endpoint.empty()) settings.places.push_back(place("*", rotation.endpoint, "", "", rotation.timeout));
  if (settings.places.empty()) return std::unique_ptr<rotation::Functions>();
  settings.access_key_id = rotation.access_key_id;
  settings.region = rotation.region.empty() ? aws.region : rotation.region;
  if (!rotation.secret_access_key.empty()) {
    const SecretBytes read = TRY(read_secret_source(rotation.secret_access_key, "aws: rotation: secret_access_key"));
    std::string_view text = read.reveal_text();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    settings.secret_access_key = SecretBytes::copy_of(text);
  }
  return std::make_unique<LambdaFunctions>(std::move(settings), system_clock());
}

Result<std::unique_ptr<core::Core>> open_core(const config::Config& config, const ServerOptions& options, std::function<void()> reload) {
  core::Core::Parts parts{.config = core_config(config, options),
                          .seal = TRY(open_seal(config)),
                          .audit = TRY(open_audit(config)),
                          .open_state = {},
                          .backends = builtins(),
                          .reload = std::move(reload),
                          .functions = TRY(open_functions(config.aws))};
  parts.rotation.first_retry = config.aws.rotation.retry_interval;
  parts.rotation.longest_retry = config.aws.rotation.max_retry_interval;
  parts.rotation.attempts = static_cast<std::uint64_t>(config.aws.rotation.attempts);
  parts.rotations_at_once = static_cast<unsigned>(config.aws.rotation.at_once);
  const std::string folder = data_folder(config);
  if (folder.empty()) {
    // A store in memory outlives sealing, as it does in Vault: the state is kept beside the core and shared with each opening.
    parts.open_state = [kept = std::make_shared<std::shared_ptr<storage::State>>()](SecretBytes, bool fresh) -> Result<std::unique_ptr<storage::State>> {
      if (!*kept || fresh) *kept = storage::make_memory_state();
      return storage::share_state(*kept);
    };
  } else {
    parts.open_state = [folder](SecretBytes key, bool fresh) -> Result<std::unique_ptr<storage::State>> {
      const std::string path = folder + "/store";
      std::error_code ignored;
      if (fresh) std::filesystem::remove_all(path, ignored);  // what an interrupted init left was never acknowledged
      storage::RocksdbOptions store;
      store.path = path;
      store.file_key = std::move(key);
      return storage::open_rocksdb_state(std::move(store));
    };
  }
  return core::Core::make(std::move(parts));
}

http::Listener::ProxyHeaders proxy_headers(config::ProxyProtocol behavior) {
  using enum http::Listener::ProxyHeaders;
  switch (behavior) {
    case config::ProxyProtocol::off: return off;
    case config::ProxyProtocol::use_always: return anyone;
    case config::ProxyProtocol::allow_authorized: return listed;
    case config::ProxyProtocol::deny_unauthorized: return only_listed;
  }
  return off;
}

// A time-out of zero or less would be none: the server's own stays in force.
http::Limits limits_of(const config::Listener& l, const config::Config& config) {
  http::Limits out;
  const auto set = [](Seconds& limit, const std::optional<Seconds>& configured) {
    if (configured && configured->count() > 0) limit = *configured;
  };
  set(out.header_timeout, l.http_read_header_timeout);
  set(out.read_timeout, l.http_read_timeout);
  set(out.write_timeout, l.http_write_timeout);
  set(out.idle_timeout, l.http_idle_timeout);
  set(out.request_timeout, config.default_max_request_duration);
  set(out.request_timeout, l.max_request_duration);
  if (l.max_request_size > 0) out.body_bytes = static_cast<std::size_t>(l.max_request_size);
  return out;
}

http::Options http_options(const config::Config& config) {
  http::Options out;
  for (const auto& l : config.listeners) {
    http::Listener listener;
    listener.address = l.type == config::ListenerType::unix_socket ? "unix:" + l.address : l.address;
    listener.tls = !l.tls_disable && l.type == config::ListenerType::tcp;
    listener.unix_mode = l.socket_mode;
    listener.unix_user = l.socket_user;
    listener.unix_group = l.socket_group;
    listener.tls_options.certificate_file = l.tls_cert_file;
    listener.tls_options.key_file = l.tls_key_file;
    listener.tls_options.min_version = l.tls_min_version;
    listener.tls_options.max_version = l.tls_max_version;
    listener.tls_options.cipher_suites = l.tls_cipher_suites;
    listener.tls_options.request_client_certificate = !l.tls_disable_client_certs;
    listener.tls_options.require_and_verify_client_certificate = l.tls_require_and_verify_client_cert;
    listener.tls_options.client_ca_file = l.tls_client_ca_file;
    listener.proxy_headers = proxy_headers(l.proxy_protocol);
    listener.proxies = l.proxy_protocol_authorized_addrs;
    listener.limits = limits_of(l, config);
    out.listeners.push_back(std::move(listener));
  }
  return out;
}

Frontend::Options frontend_options(const config::Config& config) {
  Frontend::Options out;
  if (config.enable_response_header_hostname) {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) out.hostname = name.data();
  }
  if (!config.aws.disabled)
    out.aws = {config.aws.partition, config.aws.account_id, config.aws.region, config.aws.regions, config.aws.mount, config.aws.name_prefix, config.aws.key_ring, config.aws.path_prefix, config.aws.signed_hosts};
  if (!config.azure.disabled) {
    const config::Azure& azure = config.azure;
    doors::azure::Settings& into = out.azure.emplace();
    into.suffix = azure.suffix;
    into.tenant = azure.tenant;
    into.authority = azure.authority;
    into.login_mount = azure.login_mount;
    into.app_mount = azure.app_mount;
    for (const auto& [name, place] : azure.vaults) into.vaults[name] = {place.mount, place.folder};
    into.hosts = azure.hosts;
  }
  for (const auto& l : config.listeners) {
    auto& rules = out.listeners.emplace_back();
    rules.require_request_header = l.require_request_header;
    rules.apis = l.apis;
    rules.forwarded_for = ForwardedFor({l.x_forwarded_for_authorized_addrs, static_cast<std::size_t>(l.x_forwarded_for_hop_skips),
                                        l.x_forwarded_for_reject_not_present, l.x_forwarded_for_reject_not_authorized});
    for (const auto& headers : l.custom_response_headers) rules.response_headers.add(headers.status, headers.headers);
  }
  return out;
}

Result<config::Config> load_config(ServerOptions& options) {
  config::LoadOptions load;
  if (options.dev) {
    config::DevOptions dev;
    dev.listen_address = options.dev_listen_address;
    if (options.dev_tls) {
      if (options.dev_tls_cert_dir.empty()) {
        char folder[] = "/tmp/coffer-dev-XXXXXX";
        if (::mkdtemp(folder) == nullptr) return fail(Code::unavailable, "no folder for the dev certificate could be made");
        options.dev_tls_cert_dir = folder;
      }
      CHECK_OK(make_dev_certificate(options.dev_tls_cert_dir));
      dev.tls_cert_file = options.dev_tls_cert_dir + "/vault-cert.pem";
      dev.tls_key_file = options.dev_tls_cert_dir + "/vault-key.pem";
    }
    load.dev = dev;
  }
  auto config = config::load(options.config_paths, load);
  if (!config) return invalid(config::join(config.error()));
  if (options.dev && !options.dev_data_dir.empty()) {
    config->storage.type = config::StorageType::rocksdb;
    config->storage.declared = "rocksdb";
    config->storage.path = options.dev_data_dir;
    ::mkdir(options.dev_data_dir.c_str(), 0700);
  }
  return *std::move(config);
}

void set_up_log(const config::Config& config, const ServerOptions& options) {
  log::Level level = log::Level::info;
  const std::string& wanted = options.log_level.empty() ? config.log_level : options.log_level;
  if (!wanted.empty() && !log::parse_level(wanted, level)) log::warn("unknown log level {}: info is used", wanted);
  log::set_level(level);
  log::set_json((options.log_format.empty() ? config.log_format : options.log_format) == "json");
}

// The level of the log as the configuration now has it; whatever else changed there waits for the next start.
void reread_log_level(const ServerOptions& options) {
  if (options.dev || !options.log_level.empty()) return;
  config::LoadOptions load;
  load.check_files = false;
  const auto config = config::load(options.config_paths, load);
  if (!config) return log::error("reload: the configuration is not as it should be, the level of the log stays: {}", config::join(config.error()));
  log::Level level = log::Level::info;
  if (config->log_level.empty() || log::parse_level(config->log_level, level)) log::set_level(level);
}

// Waits for signals on this thread; all others have them blocked.
void serve_signals(http::Server& server, audit::Broker& audit, const ServerOptions& options, const std::string& log_file) {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&wanted, s);
  for (;;) {
    int got = 0;
    if (sigwait(&wanted, &got) != 0) continue;
    if (got != SIGHUP) return;
    log::info("SIGHUP: certificates, audit files and log level are read again");
    if (!log_file.empty())
      if (auto opened = log_to_file(log_file); !opened) log::error("reload: {}", opened.error().message);
    reread_log_level(options);
    if (auto reloaded = server.reload(); !reloaded) log::error("reload: {}", reloaded.error().message);
    audit.reopen();
  }
}

void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<void> serve(ServerOptions& options) {
  const config::Config config = TRY(load_config(options));
  set_up_log(config, options);
  const std::string& log_file = options.log_file.empty() ? config.log_file : options.log_file;
  if (!log_file.empty()) CHECK_OK(log_to_file(log_file));
  for (const auto& note : config.notes) log::warn("{}", note.text());
  for (const auto& flag : options.ignored) log::warn("flag -{} has no effect", flag);
  auto core = TRY(open_core(config, options, {}));
  Frontend frontend(*core, frontend_options(config));
  auto server = TRY(http::Server::start(http_options(config), frontend));
  const PidFile pid_file = TRY(PidFile::write(config.pid_file));
  for (const auto& address : server->addresses()) log::info("listening on {}", address);
  if (options.dev) {
    DevServer dev = TRY(start_dev(*core, options));
    dev.address = (options.dev_tls ? "https://" : "http://") + (server->addresses().empty() ? options.dev_listen_address : server->addresses().front());
    if (options.dev_tls) dev.ca_file = options.dev_tls_cert_dir + "/vault-ca.pem";
    if (!options.dev_no_store_token)
      if (auto stored = store_token(dev.root_token); !stored) log::warn("the root token could not be kept for the command line: {}", stored.error().message);
    print_dev(dev);
  } else {
    std::printf("==> Coffer server configuration:\n\n     Storage: %s\n     Version: Coffer v%s (Vault API %s)\n\n==> Coffer server started! Log data will stream in below:\n\n",
                config.storage.declared.c_str(), core->system().config.own_version.c_str(), config.api_version.c_str());
    std::fflush(stdout);
    if (auto opened = core->seal().auto_unseal(); !opened) {
      // Damaged data does not mend itself: who started the server is told. Else a person can still unseal, or what the seal needs comes back.
      if (opened.error().code == Code::corrupt) return std::unexpected(std::move(opened).error());
      log::error("the seal could not be opened by itself: {}", opened.error().message);
    }
  }
  serve_signals(*server, core->audit(), options, log_file);
  log::info("stopping: requests that run are let end");
  server->drain(drain_time);
  core->stop();
  return {};
}

}  // namespace

int run(int argc, char** argv) {
  (void)http::install_wiping_allocators();
  auto options = parse_options(argc, argv);
  if (!options) return complain(options.error());
  if (options->help) {
    std::fputs(std::string(server_help()).c_str(), stdout);
    return 0;
  }
  harden_process();
  block_signals();
  if (auto served = serve(*options); !served) return complain(served.error());
  return 0;
}

}  // namespace coffer::server
