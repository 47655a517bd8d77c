#include "backend/listing.h"
#include "base/cidr.h"
#include "core/access_keys/backend.h"
#include "core/access_keys/issue.h"
#include "core/issue.h"
#include "crypto/jws.h"

// Roles: what sessions may do, and which web tokens are good for one. Stored in the mount's own space: role/<name>.
namespace coffer::core {
namespace {

constexpr Seconds least_duration{900}, most_duration{12 * 3600};

std::string role_key(std::string_view name) { return std::string("role/").append(name); }

}  // namespace

Result<std::optional<KeyRole>> find_key_role(const Snapshot& view, std::string_view name) {
  const auto text = TRY(view.get(role_key(name)));
  if (!text) return std::optional<KeyRole>{};
  return std::optional<KeyRole>(TRY(schema::from_json<KeyRole>(text->reveal_text())));
}

Result<schema::Keys> AccessKeyBackend::list_roles(const Caller&, const Snapshot& view, const schema::NoMembers&) {
  return schema::Keys{TRY(list_names(view, "role/", '\0', {})), ""};
}

Result<std::optional<KeyRole>> AccessKeyBackend::read_role(const Caller&, const Snapshot& view, const RoleName& in) {
  return find_key_role(view, in.name);
}

Result<schema::Nothing> AccessKeyBackend::write_role(const Caller&, Transaction& view, const PutRole& in) {
  CHECK_OK(check_aws_name(in.name, "the role's name"));
  KeyRole role = TRY(find_key_role(view, in.name)).value_or(KeyRole());
  CHECK_OK(in.change.apply(role));
  role.token_policies.items = TRY(schema::policy_names(role.token_policies.items));
  CHECK_OK(refuse_root(role.token_policies.items));
  for (const std::string& block : role.token_bound_cidrs.items) CHECK_OK(check_cidr(block));
  if (role.max_session_duration < least_duration || role.max_session_duration > most_duration)
    return invalid("max_session_duration must be between 15 minutes and 12 hours");
  const bool has_keys = !role.public_keys.empty() || !role.jwks.empty();
  if (has_keys) {
    (void)TRY(crypto::VerificationKeys::load(role.public_keys, role.jwks));
    // A key alone does not say whom its owner signs for.
    if (role.bound_issuer.empty() || role.bound_audiences.items.empty() || role.bound_subjects.items.empty())
      return invalid("a role for web identities needs bound_issuer, bound_audiences and bound_subjects");
  }
  CHECK_OK(view.put(role_key(in.name), schema::to_json(role)));
  return schema::Nothing{};
}

Result<schema::Nothing> AccessKeyBackend::delete_role(const Caller&, Transaction& view, const RoleName& in) {
  view.erase(role_key(in.name));
  return schema::Nothing{};
}

}  // namespace coffer::core
