#pragma once
#include "core/core.h"
#include "server/options.h"

// Dev mode: a server that initialises and unseals itself and says what a client needs (vault-api.md §1.0).
namespace coffer::server {

struct DevServer {
  std::string address;      // "http://127.0.0.1:8200"
  std::string ca_file;      // with -dev-tls
  std::string unseal_key, root_token;
  std::string aws_access_key_id, aws_secret_access_key;  // stands for the root token
};
// Initialises (or, with -dev-data-dir and an earlier run, unseals), mounts KV version 2 at secret/ and the key ring at
// auth/aws-keys/, where it makes an access key.
[[nodiscard]] Result<DevServer> start_dev(core::Core& core, const ServerOptions& options);
// Vault's lines on stdout, flushed.
void print_dev(const DevServer& dev);
// ~/.vault-token, mode 0600.
[[nodiscard]] Result<void> store_token(const std::string& token);
// A self-signed P-256 certificate for localhost and the vaults of Azure's clients (*.vault.localhost) in `folder`: cert.pem (its own CA) and key.pem.
[[nodiscard]] Result<void> make_dev_certificate(const std::string& folder);

}  // namespace coffer::server
