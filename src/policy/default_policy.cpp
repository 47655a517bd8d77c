#include "policy/policy.h"

namespace coffer::policy {

std::string_view default_policy_text() {
  return R"(# What every token may do, unless it was created with no_default_policy. Edit at will; the server never changes this text back.

# A token manages itself.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

path "auth/token/renew-self" {
  capabilities = ["update"]
}

path "auth/token/revoke-self" {
  capabilities = ["update"]
}

# It may ask what it is allowed to do.
path "sys/capabilities-self" {
  capabilities = ["update"]
}

path "sys/internal/ui/resultant-acl" {
  capabilities = ["read"]
}

# It may read the entity that it belongs to.
path "identity/entity/id/{{identity.entity.id}}" {
  capabilities = ["read"]
}

path "identity/entity/name/{{identity.entity.name}}" {
  capabilities = ["read"]
}

# Who knows a lease id may look it up and renew it.
path "sys/leases/lookup" {
  capabilities = ["update"]
}

path "sys/leases/renew" {
  capabilities = ["update"]
}

# A store of its own, gone with the token.
path "cubbyhole/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
}

# Response wrapping: to wrap values, and to look at and open what was wrapped.
path "sys/wrapping/wrap" {
  capabilities = ["update"]
}

path "sys/wrapping/lookup" {
  capabilities = ["update"]
}

path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}

# Hashing takes no secret and gives none.
path "sys/tools/hash" {
  capabilities = ["update"]
}

path "sys/tools/hash/*" {
  capabilities = ["update"]
}

# Signing in elsewhere with this server as the OpenID provider.
path "identity/oidc/provider/+/authorize" {
  capabilities = ["read", "update"]
}
)";
}

std::string_view wrapping_policy_text() {
  return R"(path "cubbyhole/response" {
  capabilities = ["create", "read"]
}

path "sys/wrapping/unwrap" {
  capabilities = ["update"]
}
)";
}

}  // namespace coffer::policy
