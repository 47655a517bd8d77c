#pragma once
#include <string>
#include <vector>

#include "schema/field.h"

namespace coffer::schema {

// The token_* parameters that every auth method's roles and users share (vault-api.md §1.4). Embed with inlined<>().
struct TokenParameters {
  Seconds token_ttl{0}, token_max_ttl{0}, token_explicit_max_ttl{0}, token_period{0};
  CommaList token_policies, token_bound_cidrs;
  bool token_no_default_policy = false;
  std::int64_t token_num_uses = 0;
  std::string token_type = "default";  // default, service, batch, default-service, default-batch
  bool token_strictly_bind_ip = false;
  static constexpr auto fields() {
    using T = TokenParameters;
    return Fields{
        field<&T::token_ttl>("token_ttl", "How long a token lives at first.").open(),
        field<&T::token_max_ttl>("token_max_ttl", "How long a token may live, renewals included.").open(),
        field<&T::token_explicit_max_ttl>("token_explicit_max_ttl", "Like token_max_ttl, and not to be exceeded by a period either.").open(),
        field<&T::token_period>("token_period", "Makes periodic tokens: each renewal gives this long again, without an end.").open(),
        field<&T::token_policies>("token_policies", "Policies of the tokens.").open(),
        field<&T::token_bound_cidrs>("token_bound_cidrs", "Address blocks from which the tokens may be used.").open(),
        field<&T::token_no_default_policy>("token_no_default_policy", "Leaves the default policy out.").open(),
        field<&T::token_num_uses>("token_num_uses", "How often a token may be used; 0 is without limit.").open(),
        field<&T::token_type>("token_type", "service, batch, or the mount's default.").open(),
        field<&T::token_strictly_bind_ip>("token_strictly_bind_ip", "Binds each token to the address it was made from.").open(),
    };
  }
};
// Names of policies in their one spelling, sorted, each once, without empty ones (S2). Refuses what no policy can be called, and `root` in
// another spelling: nobody gets it but by its name (E01).
[[nodiscard]] Result<std::vector<std::string>> policy_names(const std::vector<std::string>& given);
// Checks what Vault checks of them, with its texts (`'token_ttl' cannot be greater than 'token_max_ttl'`), and normalises policy names.
[[nodiscard]] Result<void> validate(TokenParameters& parameters);

// What an auth method answers to a login that succeeded; the core makes entity, token and lease of it. An error answers a login that
// failed: Code::bad credentials are told by Error alone, so no token can come with it (S4, A02).
struct Login {
  std::string alias_name;       // the identity alias on this mount; "" makes no entity
  StringMap alias_metadata;
  std::string display_name;     // becomes "<mount>-<display_name>", or "<mount>" when ""
  StringMap metadata;           // shown in the token's meta
  TokenParameters token;
  std::string internal;         // kept with the token, handed to Backend::renew_login; opaque to the core, may hold JSON
  bool renewable = true;
};

// The `auth` of an answer: a token that was just made or renewed. Only the core makes these; one that an engine or an auth method returned
// would be ignored (A03).
struct AuthBlock {
  SecretBytes client_token;
  std::string accessor, entity_id, token_type;
  std::vector<std::string> policies, token_policies, identity_policies;
  StringMap metadata;
  Seconds lease_duration{0};
  bool renewable = false, orphan = false;
  std::int64_t num_uses = 0;
};
// The members of vault-api.md §2.2; metadata is null when empty.
void encode_auth(json::Writer& w, const AuthBlock& auth);

// The `wrap_info` of an answer.
struct WrapInfo {
  SecretBytes token;
  std::string accessor, creation_path, wrapped_accessor;
  Seconds ttl{0};
  Time creation_time{};
};
void encode_wrap_info(json::Writer& w, const WrapInfo& wrap);

}  // namespace coffer::schema
