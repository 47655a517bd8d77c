#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// Azure Key Vault's names and texts of failures, which its clients compare. Error::type holds the code of the body, and the inner one after a slash where
// there is one: "Forbidden/SecretDisabled".
namespace coffer::kv::azure {

[[nodiscard]] std::unexpected<Error> bad_parameter(std::string message);
[[nodiscard]] std::unexpected<Error> no_such_secret(std::string_view name, std::string_view version = {});
[[nodiscard]] std::unexpected<Error> no_such_deleted_secret(std::string_view name);
[[nodiscard]] std::unexpected<Error> is_deleted(std::string_view name);
[[nodiscard]] std::unexpected<Error> is_disabled(std::string_view operation);
[[nodiscard]] std::unexpected<Error> is_protected();
[[nodiscard]] std::unexpected<Error> is_replicated(std::string_view name);
[[nodiscard]] std::unexpected<Error> name_is_taken(std::string_view name);
[[nodiscard]] std::unexpected<Error> no_such_vault();

// 1 to 127 letters, digits and dashes.
[[nodiscard]] bool legal_name(std::string_view name);
[[nodiscard]] Result<void> check_name(std::string_view name);

}  // namespace coffer::kv::azure
