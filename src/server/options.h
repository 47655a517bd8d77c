#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace coffer::server {

// The flags of `coffer server`, Vault's names.
struct ServerOptions {
  std::vector<std::string> config_paths;
  bool dev = false, dev_tls = false, dev_no_store_token = false, dev_no_kv = false, dev_kv_v1 = false, dev_persist = false;
  std::string dev_root_token_id, dev_listen_address = "127.0.0.1:8200", dev_tls_cert_dir, dev_data_dir;
  std::string dev_aws_access_key_id, dev_aws_secret_access_key;  // of the access key that a dev server makes; "" makes them up
  std::string log_level, log_format, log_file;
  bool exit_on_core_shutdown = false, help = false, test_verify_only = false;
  std::vector<std::string> ignored;  // flags of Vault without effect here, named once at start
};
// `-flag value`, `-flag=value` and `--flag` are the same. Errors name the flag and a near one.
[[nodiscard]] Result<ServerOptions> parse_options(int argc, char** argv);
[[nodiscard]] std::string_view server_help();

}  // namespace coffer::server
