#include "server/options.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <string_view>

namespace coffer::server {
namespace {

struct Flag {
  std::function<void(const std::string&)> take;
  bool boolean = false;
};

bool truth(const std::string& text) { return text.empty() || text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE"; }

std::string from_environment(std::string_view name) {
  for (std::string_view prefix : {"COFFER_", "BAO_", "VAULT_"})
    if (const char* value = std::getenv((std::string(prefix) + std::string(name)).c_str()); value != nullptr && *value != '\0') return value;
  return {};
}

}  // namespace

std::string_view server_help() {
  return R"(Usage: coffer server [flags]

  Starts the server. It reads a configuration file (Vault's format, HCL or JSON) and serves until it is told to stop.

  A server on your laptop, in memory, unsealed, with the root token "root":

      $ coffer server -dev -dev-root-token-id=root

  A real one:

      $ coffer server -config=/etc/coffer/coffer.hcl

Flags:
  -config=<path>               A file, or a folder of *.hcl and *.json. May stand several times.
  -log-level=<level>           trace, debug, info, warn or error.
  -log-format=<format>         standard or json.
  -log-file=<path>             Accepted; the log goes to stderr.

Dev mode (never for production: nothing is sealed away from whoever starts it):
  -dev                         In memory, initialised and unsealed, KV version 2 at secret/.
  -dev-root-token-id=<id>      The root token.
  -dev-listen-address=<addr>   Default 127.0.0.1:8200.
  -dev-tls                     HTTPS with a certificate made at start.
  -dev-tls-cert-dir=<path>     Where that certificate goes.
  -dev-data-dir=<path>         Keeps the data in this folder, in the embedded store, instead of in memory.
  -dev-no-store-token          Leaves ~/.vault-token alone.
  -dev-no-kv                   Mounts no KV engine at secret/.
  -dev-kv-v1                   Mounts KV version 1 there.
  -dev-aws-access-key-id=<id>  The access key for AWS's API, with -dev-aws-secret-access-key=<secret>; made up without.
)";
}

Result<ServerOptions> parse_options(int argc, char** argv) {
  ServerOptions o;
  const auto text = [](std::string& to) { return Flag{[&to](const std::string& v) { to = v; }}; };
  const auto flag = [](bool& to) { return Flag{[&to](const std::string& v) { to = truth(v); }, true}; };
  const auto ignore = [&o](std::string name, bool boolean) { return Flag{[&o, name](const std::string&) { o.ignored.push_back(name); }, boolean}; };
  const std::map<std::string, Flag> flags = {
      {"config", {[&](const std::string& v) { o.config_paths.push_back(v); }}},
      {"dev", flag(o.dev)},
      {"dev-tls", {[&](const std::string& v) { o.dev_tls = o.dev = truth(v); }, true}},
      {"dev-root-token-id", text(o.dev_root_token_id)},
      {"dev-listen-address", text(o.dev_listen_address)},
      {"dev-tls-cert-dir", text(o.dev_tls_cert_dir)},
      {"dev-data-dir", text(o.dev_data_dir)},
      {"dev-no-store-token", flag(o.dev_no_store_token)},
      {"dev-no-kv", flag(o.dev_no_kv)},
      {"dev-aws-access-key-id", text(o.dev_aws_access_key_id)},
      {"dev-aws-secret-access-key", text(o.dev_aws_secret_access_key)},
      {"dev-kv-v1", flag(o.dev_kv_v1)},
      {"dev-ha", ignore("dev-ha", true)},
      {"dev-transactional", ignore("dev-transactional", true)},
      {"dev-latency", ignore("dev-latency", false)},
      {"dev-plugin-dir", ignore("dev-plugin-dir", false)},
      {"log-level", text(o.log_level)},
      {"log-format", text(o.log_format)},
      {"log-file", text(o.log_file)},
      {"log-rotate-bytes", ignore("log-rotate-bytes", false)},
      {"log-rotate-duration", ignore("log-rotate-duration", false)},
      {"log-rotate-max-files", ignore("log-rotate-max-files", false)},
      {"recovery", ignore("recovery", true)},
      {"experiment", ignore("experiment", false)},
      {"combine-logs", ignore("combine-logs", true)},
      {"exit-on-core-shutdown", flag(o.exit_on_core_shutdown)},
      {"test-verify-only", flag(o.test_verify_only)},
      {"help", flag(o.help)},
      {"h", flag(o.help)},
  };
  for (int i = 2; i < argc; ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with('-')) return invalid("server takes no argument \"" + std::string(word) + "\"; flags begin with a dash. See coffer server -help");
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const std::size_t equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const auto found = flags.find(name);
    if (found == flags.end()) return invalid("unknown flag -" + name + ". See coffer server -help");
    if (equals != word.npos) found->second.take(std::string(word.substr(equals + 1)));
    else if (found->second.boolean) found->second.take("");
    else if (i + 1 < argc) found->second.take(argv[++i]);
    else return invalid("flag -" + name + " needs a value");
  }
  if (o.dev_root_token_id.empty()) o.dev_root_token_id = from_environment("DEV_ROOT_TOKEN_ID");
  if (const std::string address = from_environment("DEV_LISTEN_ADDRESS"); !address.empty() && o.dev_listen_address == "127.0.0.1:8200") o.dev_listen_address = address;
  if (o.log_level.empty()) o.log_level = from_environment("LOG_LEVEL");
  if (o.log_format.empty()) o.log_format = from_environment("LOG_FORMAT");
  if (!o.dev && o.config_paths.empty() && !o.help)
    return invalid("Must specify at least one config path using -config (or start a dev server: coffer server -dev)");
  return o;
}

}  // namespace coffer::server
