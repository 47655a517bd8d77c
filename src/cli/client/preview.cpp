#include "cli/client/preview.h"

#include <fmt/format.h>

#include <algorithm>

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

// Whether a shell takes it as it stands.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/:.-_~%,@+=").find(c) != std::string_view::npos;
  });
}

// As Vault's command writes headers, unless the shell would read more than text in it.
std::string header_quoted(const std::string& header) {
  return header.find_first_of("\"$`\\!") == std::string::npos ? '"' + header + '"' : shell_quoted(header);
}

// Whether an endpoint asks for `sudo` whatever the policy says: the server's declarations, which OpenAPI tells as x-vault-sudo, and the ceremonies,
// which ask by themselves.
bool needs_sudo(std::string_view path, std::string_view capability) {
  for (const std::string_view exact : {"sys/audit", "sys/config/cors", "sys/config/state/sanitized", "sys/config/ui/headers",
                                       "sys/in-flight-req", "sys/loggers", "sys/remount", "sys/rotate", "sys/rotate/keyring", "sys/seal",
                                       "sys/step-down", "sys/raw", "auth/token/accessors", "auth/token/revoke-orphan"})
    if (path == exact) return true;
  for (const std::string_view prefix : {"sys/audit/", "sys/auth/", "sys/config/auditing/", "sys/config/reload/", "sys/config/ui/headers/",
                                        "sys/generate-root/", "sys/generate-root-token/", "sys/leases/lookup/", "sys/leases/revoke-force/",
                                        "sys/leases/revoke-prefix/", "sys/loggers/", "sys/raw/", "sys/rekey/", "sys/rekey-recovery-key/",
                                        "sys/revoke-force/", "sys/revoke-prefix/", "sys/rotate/recovery/", "sys/rotate/root/"})
    if (path.starts_with(prefix)) return true;
  if (path == "sys/leases/lookup") return capability == "list";
  return path.starts_with("sys/plugins/catalog/") && capability != "read" && capability != "list";
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
    else if (name != "Content-Type" || request.method == "PATCH")
      out += " -H " + header_quoted(fmt::format("{}: {}", name, value));
  }
  if (!request.body.empty()) out += " -d " + shell_quoted(request.body);
  const std::string url = base + request.target;
  return out + " " + (is_plain(url) ? url : shell_quoted(url));
}

std::string policy_preview(std::string_view method, std::string_view path, const Query& query) {
  std::string_view capability = method == "PUT" || method == "POST" ? "update"
                                : method == "PATCH"                 ? "patch"
                                : method == "DELETE"                ? "delete"
                                                                    : "read";
  for (const auto& [name, value] : query)
    if (name == "list" || name == "scan") capability = name;
  while (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view place = path.substr(0, path.find_last_not_of('/') + 1);  // a list's path may end in a slash
  return fmt::format("path \"{}\" {{\n  capabilities = [{}\"{}\"{}]\n}}", path, capability == "update" ? "\"create\", " : "", capability,
                     needs_sudo(place, capability) ? ", \"sudo\"" : "");
}

}  // namespace coffer::cli
