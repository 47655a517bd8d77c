#include "engines/kv/azure/errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace coffer::kv::azure {

std::unexpected<Error> bad_parameter(std::string message) { return fail(Code::invalid_argument, "BadParameter", std::move(message)); }

std::unexpected<Error> no_such_secret(std::string_view name, std::string_view version) {
  return fail(
      Code::not_found, "SecretNotFound",
      fmt::format("A secret with (name/id) {}{}{} was not found in this key vault. If you recently deleted this secret you may be able to "
                  "recover it using the correct recovery command. For help resolving this issue, please see "
                  "https://go.microsoft.com/fwlink/?linkid=2125182",
                  name, version.empty() ? "" : "/", version));
}
std::unexpected<Error> no_such_deleted_secret(std::string_view name) {
  return fail(Code::not_found, "SecretNotFound", fmt::format("Deleted Secret not found: {}", name));
}
std::unexpected<Error> is_deleted(std::string_view name) {
  return fail(
      Code::invalid_argument, "Conflict/ObjectIsDeletedButRecoverable",
      fmt::format(
          "Secret {} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be "
          "recovered or purged.",
          name));
}
std::unexpected<Error> is_disabled(std::string_view operation) {
  return fail(Code::permission_denied, "Forbidden/SecretDisabled",
              fmt::format("Operation {} is not allowed on a disabled secret.", operation));
}
std::unexpected<Error> is_protected() {
  return fail(Code::permission_denied, "Forbidden",
              "Operation \"purge\" is not allowed because purge protection is enabled for this vault. The secret is purged by itself at "
              "the end of its "
              "retention period.");
}
std::unexpected<Error> is_replicated(std::string_view name) {
  return fail(Code::permission_denied, "Forbidden",
              fmt::format("Secret {} is replicated between regions by another API, which must end that first.", name));
}
std::unexpected<Error> name_is_taken(std::string_view name) {
  return fail(
      Code::invalid_argument, "Conflict",
      fmt::format("There was a conflict restoring the secret {}: a secret of this name exists, or is deleted and can be recovered.", name));
}
std::unexpected<Error> no_such_vault() {
  return fail(Code::not_found, "VaultNotFound", "The vault is deleted. It can be recovered until its retention period ends.");
}

bool legal_name(std::string_view name) {
  return !name.empty() && name.size() <= 127 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<void> check_name(std::string_view name) {
  if (legal_name(name)) return {};
  return bad_parameter(fmt::format("The request URI contains an invalid name: {}", utf8_prefix(name, 200)));
}

}  // namespace coffer::kv::azure
