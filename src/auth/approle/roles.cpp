#include <fmt/format.h>

#include "auth/approle/approle.h"
#include "auth/approle/backend.h"
#include "base/cidr.h"

// Roles and their ids.
namespace coffer::approle {
namespace {

Result<void> apply(const PutRole& in, Role& role, bool is_new) {
  if (in.local_secret_ids && *in.local_secret_ids != role.local_secret_ids) {
    if (!is_new) return invalid("local_secret_ids can only be modified during role creation");
    role.local_secret_ids = *in.local_secret_ids;
  }
  if (in.bind_secret_id) role.bind_secret_id = *in.bind_secret_id;
  if (in.bound_cidr_list) role.secret_id_bound_cidrs = *in.bound_cidr_list;
  if (in.secret_id_bound_cidrs) role.secret_id_bound_cidrs = *in.secret_id_bound_cidrs;
  if (in.secret_id_num_uses) role.secret_id_num_uses = *in.secret_id_num_uses;
  if (in.secret_id_ttl) role.secret_id_ttl = *in.secret_id_ttl;
  CHECK_OK(in.change.apply(role.token));
  if (in.change.has("token_policies")) {
    role.old_policies = false;
  } else if (in.policies) {
    role.token.token_policies = *in.policies;
    role.old_policies = true;
  }
  if (in.change.has("token_period")) {
    role.old_period = false;
  } else if (in.period) {
    role.token.token_period = *in.period;
    role.old_period = true;
  }
  return check_role(role);
}

}  // namespace

Result<void> check_role(Role& role) {
  if (role.secret_id_num_uses < 0) return invalid("secret_id_num_uses cannot be negative");
  for (const std::string& block : role.secret_id_bound_cidrs.items) CHECK_OK(check_cidr(block));
  CHECK_OK(schema::validate(role.token));
  if (!role.bind_secret_id && role.secret_id_bound_cidrs.items.empty() && role.token.token_bound_cidrs.items.empty())
    return invalid("at least one constraint should be enabled on the role");
  return {};
}

Result<void> check_period(Seconds period, const MountInfo& mount) {
  if (period <= mount.max_ttl) return {};
  return invalid(fmt::format("period of \"{}\" is greater than the backend's maximum lease TTL of \"{}\"", go_duration(period), go_duration(mount.max_ttl)));
}

void Approle::add_role_endpoints(std::vector<schema::Endpoint>& out) {
  using schema::Verb;
  out.push_back(schema::at("role", "The roles.").on(Verb::list, this, &Approle::list_roles, "Lists the roles."));
  out.push_back(schema::at("role/{role_name}", "A role: what its tokens may do, and who may log in.")
                    .folds_names()
                    .on(Verb::read, this, &Approle::read_role, "Reads a role.")
                    .on(Verb::write, this, &Approle::write_role, "Makes a role, or changes what is given.")
                    .exists(this, &Approle::exists)
                    .on(Verb::remove, this, &Approle::delete_role, "Deletes a role with its secret ids."));
  out.push_back(schema::at("role/{role_name}/role-id", "The id that a login names the role by.")
                    .folds_names()
                    .on(Verb::read, this, &Approle::read_role_id, "Reads the role's id.")
                    .on(Verb::write, this, &Approle::write_role_id, "Sets the role's id."));
}

Result<bool> Approle::exists(const Caller&, const Snapshot& view, const RoleName& in) {
  return TRY(load_role(view, TRY(NormalizedName::from(in.role_name)))).has_value();
}

Result<schema::Keys> Approle::list_roles(const Caller&, const Snapshot& view, const schema::Page& in) {
  return schema::Keys{TRY(list_names(view, "role/", '\0', in)), ""};
}

Result<std::optional<RoleReply>> Approle::read_role(const Caller&, const Snapshot& view, const RoleName& in) {
  auto role = TRY(load_role(view, TRY(NormalizedName::from(in.role_name))));
  if (!role) return std::optional<RoleReply>();
  RoleReply out;
  out.bind_secret_id = role->bind_secret_id;
  out.local_secret_ids = role->local_secret_ids;
  if (!role->secret_id_bound_cidrs.items.empty()) out.secret_id_bound_cidrs = std::move(role->secret_id_bound_cidrs.items);
  out.secret_id_num_uses = role->secret_id_num_uses;
  out.secret_id_ttl = role->secret_id_ttl;
  out.token = std::move(role->token);
  if (role->old_policies) out.policies.value = out.token.token_policies;
  if (role->old_period) out.period.value = out.token.token_period;
  return std::optional(std::move(out));
}

Result<schema::Answer<schema::Nothing>> Approle::write_role(const Caller& caller, Transaction& view, const PutRole& in) {
  const auto name = TRY(NormalizedName::from(in.role_name));
  auto found = TRY(load_role(view, name));
  const bool is_new = !found;
  Role role = found ? *std::move(found) : Role{};
  CHECK_OK(apply(in, role, is_new));
  if (in.period || in.change.has("token_period")) CHECK_OK(check_period(role.token.token_period, *caller.mount));
  const auto hash = TRY(load_or_make_hash(view, random_));
  if (is_new) role.generation = make_base62(20, random_);
  if (in.role_id && in.role_id->empty()) return invalid("role_id must not be empty");
  if (in.role_id && *in.role_id != role.role_id)
    CHECK_OK(set_role_id(view, *hash, name, role, *in.role_id));
  else if (is_new)
    CHECK_OK(set_role_id(view, *hash, name, role, make_uuid(random_)));
  CHECK_OK(save_role(view, name, role));
  schema::Answer<schema::Nothing> out;
  if (role.token.token_max_ttl > caller.mount->max_ttl)
    out.warnings.emplace_back("token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated");
  return out;
}

Result<schema::Nothing> Approle::delete_role(const Caller&, Transaction& view, const RoleName& in) {
  const auto name = TRY(NormalizedName::from(in.role_name));
  const auto role = TRY(load_role(view, name));
  if (!role) return schema::Nothing{};
  const auto hash = TRY(load_or_make_hash(view, random_));
  CHECK_OK(approle::delete_role(view, *hash, name, *role));
  return schema::Nothing{};
}

Result<std::optional<RoleIdReply>> Approle::read_role_id(const Caller&, const Snapshot& view, const RoleName& in) {
  auto role = TRY(load_role(view, TRY(NormalizedName::from(in.role_name))));
  if (!role) return std::optional<RoleIdReply>();
  return std::optional(RoleIdReply{std::move(role->role_id)});
}

Result<schema::Nothing> Approle::write_role_id(const Caller&, Transaction& view, const PutRoleId& in) {
  const auto name = TRY(NormalizedName::from(in.role_name));
  Role role = TRY(require_role(view, name));
  if (in.role_id.empty()) return invalid("missing role_id");
  if (in.role_id == role.role_id) return schema::Nothing{};
  const auto hash = TRY(load_or_make_hash(view, random_));
  CHECK_OK(set_role_id(view, *hash, name, role, in.role_id));
  CHECK_OK(save_role(view, name, role));
  return schema::Nothing{};
}

}  // namespace coffer::approle
