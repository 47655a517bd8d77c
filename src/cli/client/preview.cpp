#include "cli/client/preview.h"

#include <fmt/format.h>

namespace coffer::cli {
namespace {

// Inside single quotes a shell knows one special character: the quote.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\"'\"'";
    else out.push_back(c);
  }
  return out + "'";
}

// Endpoints that ask for `sudo` whatever the policy says (vault-api.md §1.2).
bool needs_sudo(std::string_view path) {
  for (const std::string_view exact : {"sys/audit", "sys/rotate", "sys/rotate/config", "sys/seal", "sys/step-down", "sys/remount", "sys/raw",
                                       "auth/token/accessors", "auth/token/create-orphan", "auth/token/revoke-orphan"})
    if (path == exact) return true;
  for (const std::string_view prefix : {"sys/audit/", "sys/auth/", "sys/leases/revoke-prefix/", "sys/leases/revoke-force/",
                                        "sys/leases/lookup/", "sys/raw/", "sys/config/auditing/", "sys/plugins/catalog/"})
    if (path.starts_with(prefix)) return true;
  return false;
}

}  // namespace

std::string curl_preview(const ClientOptions& options, const HttpRequest& request) {
  std::string out = "curl";
  const ConnectionOptions& connection = options.connection;
  if (connection.skip_verify) out += " --insecure";
  if (!connection.ca_cert.empty()) out += " --cacert " + shell_quoted(connection.ca_cert);
  else if (!connection.ca_path.empty()) out += " --capath " + shell_quoted(connection.ca_path);
  if (!connection.client_cert.empty()) out += " --cert " + shell_quoted(connection.client_cert);
  if (!connection.client_key.empty()) out += " --key " + shell_quoted(connection.client_key);
  UnixAddress local;
  std::string base = connection.address;
  if (parse_unix_address(base, local)) {
    out += " --unix-socket " + shell_quoted(local.socket);
    base = local.base_url;
  }
  while (base.ends_with('/')) base.pop_back();
  if (request.method != "GET") out += " -X " + request.method;
  for (const auto& [name, value] : request.headers) {
    if (name == "X-Vault-Token") out += fmt::format(" -H \"X-Vault-Token: $({} print token)\"", options.program);
    else if (name != "Content-Type" || request.method == "PATCH") out += fmt::format(" -H \"{}: {}\"", name, value);
  }
  if (!request.body.empty()) out += " -d " + shell_quoted(request.body);
  const std::string url = base + request.target;
  return out + " " + (url.find_first_of("?&'\" ") == std::string::npos ? url : shell_quoted(url));
}

std::string policy_preview(std::string_view method, std::string_view path, const Query& query) {
  std::string capabilities = "\"read\"";
  if (method == "PUT" || method == "POST") capabilities = "\"create\", \"update\"";
  if (method == "PATCH") capabilities = "\"patch\"";
  if (method == "DELETE") capabilities = "\"delete\"";
  for (const auto& [name, value] : query) {
    if (name == "list") capabilities = "\"list\"";
    if (name == "scan") capabilities = "\"scan\"";
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  if (needs_sudo(path)) capabilities += ", \"sudo\"";
  return fmt::format("path \"{}\" {{\n  capabilities = [{}]\n}}", path, capabilities);
}

}  // namespace coffer::cli
