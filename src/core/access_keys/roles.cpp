#include "core/access_keys/roles.h"

#include "backend/listing.h"
#include "base/cidr.h"
#include "core/access_keys/backend.h"
#include "core/access_keys/issue.h"
#include "core/issue.h"
#include "crypto/jws.h"
#include "policy/iam.h"

// Roles: what sessions may do, and which web tokens are good for one.
namespace coffer::core {
namespace {

constexpr Seconds least_duration{900}, most_duration{12 * 3600};
constexpr std::size_t most_policy = 6144;  // as much as AWS takes for a managed policy

std::string stored(std::string_view role) { return std::string(role_mark).append(role); }

const Snapshot& ring_of(const Caller& c) { return spaces_of(c).read(access_key_space(c.tenant)); }
std::string key_of(const Caller& c, std::string_view name) { return role_key(exchange_of(c).mount->entry.uuid, name); }

}  // namespace

std::string role_key(std::string_view mount, std::string_view name) { return std::string(mount).append("/").append(name); }

std::string role_reference(std::string_view role, std::string_view id) { return std::string(role).append("#").append(id); }

Result<std::optional<KeptRole>> find_key_role(const Snapshot& ring, std::string_view role) {
  const auto text = TRY(ring.get(stored(role)));
  if (!text) return std::optional<KeptRole>{};
  return std::optional<KeptRole>(TRY(schema::from_json<KeptRole>(text->reveal_text())));
}

Result<void> put_key_role(Transaction& ring, std::string_view role, const KeptRole& value) { return ring.put(stored(role), schema::to_json(value)); }

void erase_key_role(Transaction& ring, std::string_view role) { ring.erase(stored(role)); }

Result<std::vector<std::string>> key_roles_of(const Snapshot& ring, std::string_view mount, std::string_view after, std::size_t limit) {
  return ring.children(stored(role_key(mount, "")), '\0', after, limit);
}

Result<void> check_identity_policy(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > most_policy) return invalid("policy_document must be at most 6144 bytes");
  if (auto document = policy::iam::parse_new(text, policy::iam::Kind::identity); !document) return invalid("policy_document: " + document.error().message);
  return {};
}

Result<schema::Keys> AccessKeyBackend::list_roles(const Caller& c, const Snapshot&, const schema::NoMembers&) {
  return schema::Keys{TRY(list_names(ring_of(c), stored(key_of(c, "")), '\0', {})), ""};
}

Result<std::optional<KeyRole>> AccessKeyBackend::read_role(const Caller& c, const Snapshot&, const RoleName& in) {
  auto kept = TRY(find_key_role(ring_of(c), key_of(c, in.name)));
  if (!kept) return std::optional<KeyRole>{};
  return std::optional<KeyRole>(std::move(kept->role));
}

Result<schema::Nothing> AccessKeyBackend::write_role(const Caller& c, Transaction&, const PutRole& in) {
  CHECK_OK(check_aws_name(in.name, "the role's name"));
  const std::string key = key_of(c, in.name);
  KeptRole kept = TRY(find_key_role(ring_of(c), key)).value_or(KeptRole());
  if (kept.id.empty()) kept.id = make_uuid(system_.random);
  KeyRole& role = kept.role;
  CHECK_OK(in.change.apply(role));
  role.token_policies.items = TRY(schema::policy_names(role.token_policies.items));
  CHECK_OK(refuse_root(role.token_policies.items));
  for (const std::string& block : role.token_bound_cidrs.items) CHECK_OK(check_cidr(block));
  CHECK_OK(check_identity_policy(role.policy_document));
  if (role.max_session_duration < least_duration || role.max_session_duration > most_duration)
    return invalid("max_session_duration must be between 15 minutes and 12 hours");
  const bool has_keys = !role.public_keys.empty() || !role.jwks.empty();
  if (has_keys) {
    (void)TRY(crypto::VerificationKeys::load(role.public_keys, role.jwks));
    // A key alone does not say whom its owner signs for.
    if (role.bound_issuer.empty() || role.bound_audiences.items.empty() || role.bound_subjects.items.empty())
      return invalid("a role for web identities needs bound_issuer, bound_audiences and bound_subjects");
  }
  CHECK_OK(put_key_role(spaces_of(c).write(access_key_space(c.tenant)), key, kept));
  return schema::Nothing{};
}

Result<schema::Nothing> AccessKeyBackend::delete_role(const Caller& c, Transaction&, const RoleName& in) {
  erase_key_role(spaces_of(c).write(access_key_space(c.tenant)), key_of(c, in.name));
  return schema::Nothing{};
}

}  // namespace coffer::core
