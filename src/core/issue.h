#pragma once
#include "core/exchange.h"
#include "schema/login.h"

// Tokens that a request makes as its outcome: of a login, and of response wrapping. Both run inside the request's transaction.
namespace coffer::core {

// The token of a login: entity and alias, effective times, the record. Warnings (capped TTLs) are appended.
[[nodiscard]] Result<schema::AuthBlock> issue_login(Exchange& x, RequestSpaces& spaces, const schema::Login& login, std::vector<std::string>& warnings);

// The `auth` of a token as it is (lookups by renewals).
[[nodiscard]] schema::AuthBlock auth_block(const token::Record& record, SecretBytes text, const std::vector<std::string>& identity_policies, Time now);

// Stores `envelope` behind a new wrapping token.
struct WrapRequest {
  Seconds ttl{0};
  std::string creation_path, wrapped_accessor;
};
[[nodiscard]] Result<schema::WrapInfo> issue_wrapping(Exchange& x, RequestSpaces& spaces, const WrapRequest& wanted, std::string_view envelope);

// Auth methods make no root tokens: refuses the name among a role's policies.
[[nodiscard]] Result<void> refuse_root(const std::vector<std::string>& policies);

// The names in their one spelling, sorted, each once (schema::policy_names), with "default" where it is to be added and "root" is not there.
[[nodiscard]] Result<std::vector<std::string>> normalize_policies(const std::vector<std::string>& names, bool add_default);

}  // namespace coffer::core
