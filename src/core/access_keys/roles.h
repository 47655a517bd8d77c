#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/field.h"
#include "storage/view.h"

// The roles that AssumeRole and AssumeRoleWithWebIdentity give. They are kept in the ring's space (core/access_keys/store.h), since sessions are judged by
// them:
//   role/<uuid of the mount>/<name>     the record
namespace coffer::core {

struct KeyRole {
  schema::CommaList token_policies, token_bound_cidrs;
  bool token_no_default_policy = false;
  std::string policy_document;  // in IAM's language; "": none
  Seconds max_session_duration{3600};
  std::string bound_issuer;
  schema::CommaList bound_audiences, bound_subjects;
  std::vector<std::string> public_keys;
  std::string jwks;
  static constexpr auto fields() {
    using T = KeyRole;
    using schema::field;
    return schema::Fields{
        field<&T::token_policies>("token_policies", "Policies of the role's sessions.").open(),
        field<&T::policy_document>("policy_document", "A policy in IAM's JSON for its sessions: what it allows is granted beside the policies, what it denies is denied.").open(),
        field<&T::token_bound_cidrs>("token_bound_cidrs", "Address blocks from which sessions may be used.").open(),
        field<&T::token_no_default_policy>("token_no_default_policy", "Leaves the default policy out.").open(),
        field<&T::max_session_duration>("max_session_duration", "How long a session may be good for, 15 minutes to 12 hours.").open(),
        field<&T::bound_issuer>("bound_issuer", "Web identity: the token's issuer (iss).").open(),
        field<&T::bound_audiences>("bound_audiences", "Web identity: the token must be for one of these (aud).").open(),
        field<&T::bound_subjects>("bound_subjects", "Web identity: who may (sub); a * at the end stands for anything.").open(),
        field<&T::public_keys>("public_keys", "Web identity: keys that sign the tokens, PEM.").open(),
        field<&T::jwks>("jwks", "Web identity: the same as a JSON Web Key Set.").open()};
  }
};

// A role as it is kept. One that is made again under the name of one that is gone has another id, so that sessions of that one stay gone.
struct KeptRole {
  KeyRole role;
  std::string id;
  static constexpr auto fields() { return schema::Fields{schema::inlined<&KeptRole::role>(), schema::field<&KeptRole::id>("id", "")}; }
};

// By which a role is found: "<uuid of the mount>/<name>".
[[nodiscard]] std::string role_key(std::string_view mount, std::string_view name);
// What a session's token keeps of its role: "<key>#<id>".
[[nodiscard]] std::string role_reference(std::string_view role, std::string_view id);
[[nodiscard]] Result<std::optional<KeptRole>> find_key_role(const Snapshot& ring, std::string_view role);
[[nodiscard]] Result<void> put_key_role(Transaction& ring, std::string_view role, const KeptRole& value);
void erase_key_role(Transaction& ring, std::string_view role);
// Names of a mount's roles.
[[nodiscard]] Result<std::vector<std::string>> key_roles_of(const Snapshot& ring, std::string_view mount, std::string_view after, std::size_t limit);

}  // namespace coffer::core
