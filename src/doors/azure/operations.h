#pragma once
#include "doors/azure/door.h"

// Which operation a URL means, and which path of Vault's API has the same meaning.
namespace coffer::doors::azure {

struct Operation {
  std::string_view action;  // "keyvault:GetSecret"
  std::string path;         // below the mount
  std::string version;      // of the secret; "" for the current one
  bool has_body = false;
  bool is_list = false;
};
// Errors have the service's own names. `place.folder` stands before the secret's name in the path.
[[nodiscard]] Result<Operation> operation_of(std::string_view method, const Target& target, const Place& place);
// What Azure calls the right to do it: "get" of "GetSecret".
[[nodiscard]] std::string_view permission_word(std::string_view operation);
// Refuses a URL without api-version, or with one that is none.
[[nodiscard]] Result<std::string> api_version_of(const Target& target);

}  // namespace coffer::doors::azure
