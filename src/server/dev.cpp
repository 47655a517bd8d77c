#include "server/dev.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/encoding.h"
#include "core/access_keys/store.h"
#include "core/sys/mount_rows.h"

namespace coffer::server {
namespace {

Result<void> write_private(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail(Code::unavailable, "cannot write " + path);
  const bool ok = ::fchmod(fd, 0600) == 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  if (!ok || std::rename(temporary.c_str(), path.c_str()) != 0) return fail(Code::unavailable, "cannot write " + path);
  return {};
}

// Mounts it unless something is mounted there; answers the mount's uuid.
Result<std::string> mount(core::Runtime& runtime, core::MountEntry entry) {
  std::string uuid;
  auto done = runtime.transact([&](core::RequestSpaces& spaces) -> Result<void> {
    Transaction& sys = spaces.write(core::sys_space(root_tenant));
    for (const auto& row : TRY(core::read_mount_rows(sys)))
      if (row.path == entry.path) {
        uuid = row.uuid;
        return {};
      }
    core::stamp_mount(entry, runtime.random());
    uuid = entry.uuid;
    return core::write_mount_row(sys, entry);
  });
  if (!done) return std::unexpected(std::move(done).error());
  return uuid;
}

Result<std::string> mount_kv(core::Runtime& runtime, std::string version) {
  core::MountEntry entry;
  entry.path = "secret/";
  entry.type = "kv";
  entry.description = "key/value secret storage";
  entry.options = {{"version", std::move(version)}};
  entry.has_options = true;
  return mount(runtime, std::move(entry));
}

Result<std::string> mount_key_ring(core::Runtime& runtime) {
  core::MountEntry entry;
  entry.path = "auth/aws-keys/";
  entry.type = "aws-keys";
  entry.description = "access keys for AWS's API";
  entry.token_type = "default-service";
  return mount(runtime, std::move(entry));
}

// The access key that stands for the root token.
Result<void> make_access_key(core::Runtime& runtime, const std::string& mount, const DevServer& dev) {
  auto done = runtime.transact([&](core::RequestSpaces& spaces) -> Result<void> {
    core::AccessKey key;
    key.id = dev.aws_access_key_id;
    key.secret = SecretBytes::copy_of(dev.aws_secret_access_key);
    key.token_id = runtime.keys().id_of(dev.root_token);
    key.mount = mount;
    key.user = "root";
    key.created = runtime.clock().now();
    return core::put_access_key(spaces.write(core::access_key_space(root_tenant)), key);
  });
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

// What an earlier run of a dev server with a data folder left beside it, so that it can unseal itself again.
std::string kept_file(const ServerOptions& options) { return options.dev_data_dir + "/dev-keys.json"; }

struct Kept {
  std::string unseal_key, root_token, aws_access_key_id, aws_secret_access_key;
  static constexpr auto fields() {
    using schema::field;
    return schema::Fields{field<&Kept::unseal_key>("unseal_key", ""), field<&Kept::root_token>("root_token", ""), field<&Kept::aws_access_key_id>("aws_access_key_id", ""),
                      field<&Kept::aws_secret_access_key>("aws_secret_access_key", "")};
  }
};

// Given, kept from an earlier run, or made up.
void choose_access_key(DevServer& out, const ServerOptions& options) {
  if (!options.dev_aws_access_key_id.empty()) out.aws_access_key_id = options.dev_aws_access_key_id;
  if (!options.dev_aws_secret_access_key.empty()) out.aws_secret_access_key = options.dev_aws_secret_access_key;
  if (out.aws_access_key_id.empty()) out.aws_access_key_id = core::make_key_id("AKIA", system_random());
  if (out.aws_secret_access_key.empty()) out.aws_secret_access_key = core::make_key_secret(system_random()).reveal_text();
}

}  // namespace

Result<DevServer> start_dev(core::Core& core, const ServerOptions& options) {
  DevServer out;
  if (core.seal().initialized()) {
    std::ifstream in(kept_file(options));
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto kept = schema::from_json<Kept>(text);
    if (!kept || kept->unseal_key.empty())
      return invalid("the dev data folder was initialised by something else: choose an empty one with -dev-data-dir, or serve it with -config");
    out.unseal_key = kept->unseal_key;
    out.root_token = kept->root_token;
    out.aws_access_key_id = kept->aws_access_key_id;
    out.aws_secret_access_key = kept->aws_secret_access_key;
  } else {
    barrier::InitRequest request;
    request.secret_shares = request.secret_threshold = 1;
    auto made = TRY(core.seal().init(request));
    out.unseal_key = base64_encode(made.keys.front().reveal_text());
    out.root_token = made.root_token.reveal_text();
  }
  choose_access_key(out, options);
  if (!options.dev_data_dir.empty())
    CHECK_OK(write_private(kept_file(options), schema::to_json(Kept{out.unseal_key, out.root_token, out.aws_access_key_id, out.aws_secret_access_key})));
  (void)TRY(core.seal().unseal(TRY(barrier::decode_key(out.unseal_key))));
  core::Runtime& runtime = *core.system().runtime.load();
  if (!options.dev_no_kv) (void)TRY(mount_kv(runtime, options.dev_kv_v1 ? "1" : "2"));
  CHECK_OK(make_access_key(runtime, TRY(mount_key_ring(runtime)), out));
  return out;
}

namespace {
// Azure's clients insist on TLS. Their managed identity is the root token.
void print_azure(const DevServer& dev) {
  if (dev.ca_file.empty()) return;
  const std::string port = dev.address.substr(dev.address.rfind(':'));
  std::printf(
      "Azure Key Vault's clients (DefaultAzureCredential) need these; the vault's name must be this machine's:\n\n"
      "    $ export AZURE_KEYVAULT_URL='https://secret.vault.localhost%s'\n"
      "    $ export IDENTITY_ENDPOINT='%s/msi/token' IDENTITY_HEADER='%s'\n"
      "    $ export REQUESTS_CA_BUNDLE='%s' NODE_EXTRA_CA_CERTS='%s'\n\n",
      port.c_str(), dev.address.c_str(), dev.root_token.c_str(), dev.ca_file.c_str(), dev.ca_file.c_str());
}
}  // namespace

void print_dev(const DevServer& dev) {
  std::printf(
      "WARNING! dev mode is enabled! In this mode, Coffer runs entirely for development: it\n"
      "starts unsealed with a single unseal key, and the root token is already known to the CLI.\n\n"
      "You may need to set the following environment variables:\n\n"
      "    $ export VAULT_ADDR='%s'\n",
      dev.address.c_str());
  if (!dev.ca_file.empty()) std::printf("    $ export VAULT_CACERT='%s'\n", dev.ca_file.c_str());
  std::printf(
      "\nThe unseal key and root token are displayed below in case you want to\n"
      "seal/unseal the server or re-authenticate.\n\n"
      "Unseal Key: %s\nRoot Token: %s\n\n"
      "AWS Secrets Manager's clients (aws secretsmanager list-secrets) need these:\n\n"
      "    $ export AWS_ENDPOINT_URL='%s' AWS_REGION='us-east-1' AWS_DEFAULT_REGION='us-east-1'\n"
      "    $ export AWS_ACCESS_KEY_ID='%s'\n"
      "    $ export AWS_SECRET_ACCESS_KEY='%s'\n\n",
      dev.unseal_key.c_str(), dev.root_token.c_str(), dev.address.c_str(), dev.aws_access_key_id.c_str(), dev.aws_secret_access_key.c_str());
  print_azure(dev);
  std::printf("Development mode should NOT be used in production installations!\n\n");
  std::fflush(stdout);
}

Result<void> store_token(const std::string& token) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return invalid("HOME is not set");
  return write_private(std::string(home) + "/.vault-token", token);
}

}  // namespace coffer::server
