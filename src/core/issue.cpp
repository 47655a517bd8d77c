#include "core/issue.h"

#include "core/envelope.h"
#include "core/revoke.h"
#include "identity/store.h"
#include "token/limits.h"

namespace coffer::core {
namespace {

schema::StringMap as_map(const std::vector<std::pair<std::string, std::string>>& pairs) { return {pairs.begin(), pairs.end()}; }

token::Kind kind_of(const schema::TokenParameters& p, const MountInfo& mount) {
  const std::string_view wanted = p.token_type == "default" || p.token_type.empty() ? std::string_view(mount.token_type) : std::string_view(p.token_type);
  return wanted == "batch" || wanted == "default-batch" ? token::Kind::batch : token::Kind::service;
}

}  // namespace

Result<void> refuse_root(const std::vector<std::string>& policies) {
  if (std::find(policies.begin(), policies.end(), "root") != policies.end()) return invalid("auth methods cannot create root tokens");
  return {};
}

Result<std::vector<std::string>> normalize_policies(const std::vector<std::string>& names, bool add_default) {
  std::vector<std::string> out = TRY(schema::policy_names(names));
  const auto has = [&](std::string_view name) { return std::binary_search(out.begin(), out.end(), name); };
  if (add_default && !has("root") && !has("default")) out.insert(std::lower_bound(out.begin(), out.end(), "default"), "default");
  return out;
}

schema::AuthBlock auth_block(const token::Record& t, SecretBytes text, const std::vector<std::string>& identity_policies, Time now) {
  schema::AuthBlock a;
  a.client_token = std::move(text);
  a.accessor = t.accessor;
  a.entity_id = t.entity_id;
  a.token_type = t.kind == token::Kind::batch ? "batch" : "service";
  a.token_policies = t.policies;
  a.identity_policies = identity_policies;
  a.policies = t.policies;
  for (const auto& name : identity_policies)
    if (std::find(a.policies.begin(), a.policies.end(), name) == a.policies.end()) a.policies.push_back(name);
  std::sort(a.policies.begin(), a.policies.end());
  a.metadata = as_map(t.meta);
  a.lease_duration = t.expire == Time() ? Seconds(0) : std::max(Seconds(0), std::chrono::ceil<Seconds>(t.expire - now));
  a.renewable = t.renewable && t.kind == token::Kind::service && t.expire != Time();
  a.orphan = t.orphan;
  a.num_uses = t.num_uses;
  return a;
}

Result<schema::AuthBlock> issue_login(Exchange& x, RequestSpaces& spaces, const schema::Login& login, std::vector<std::string>& warnings) {
  const MountInfo& mount = x.mount->info;
  const Time now = x.runtime->clock().now();
  token::NewToken wanted;
  token::Record& t = wanted.record;
  t.kind = kind_of(login.token, mount);
  t.path = x.request.path.str();
  // "userpass-alice": the mount's name without "auth/" and its slash.
  std::string mount_name = mount.path.substr(5, mount.path.size() - 6);
  std::replace(mount_name.begin(), mount_name.end(), '/', '-');
  t.display_name = login.display_name.empty() ? mount_name : mount_name + "-" + login.display_name;
  t.policies = TRY(normalize_policies(login.token.token_policies.items, !login.token.token_no_default_policy));
  if (t.root()) return invalid("auth methods cannot create root tokens");
  t.meta.assign(login.metadata.begin(), login.metadata.end());
  t.mount_accessor = mount.accessor;
  t.alias_name = login.alias_name;
  t.internal = login.internal;
  t.tenant = root_tenant;
  t.orphan = true;
  t.bound_cidrs = login.token.token_bound_cidrs.items;
  if (login.token.token_strictly_bind_ip) t.bound_cidrs = {own_address(x.request.remote_address)};
  t.num_uses = login.token.token_num_uses;
  t.limited = t.num_uses > 0 && t.kind == token::Kind::service;
  t.explicit_max_ttl = login.token.token_explicit_max_ttl;
  t.period = login.token.token_period;
  t.max_ttl = login.token.token_max_ttl;
  t.renewable = login.renewable && t.kind == token::Kind::service;
  std::vector<std::string> identity_policies;
  if (!login.alias_name.empty()) {
    const identity::LoginAlias alias{mount.accessor, mount.type, mount.path, login.alias_name, login.alias_metadata};
    const auto entity = TRY(identity::at_login(spaces.write(identity::space(root_tenant)), alias, now, x.runtime->random()));
    if (entity.disabled) return fail(Code::permission_denied, "permission denied");
    t.entity_id = entity.id;
    identity_policies = entity.policies;
  }
  const auto ttl = token::effective_ttl({login.token.token_ttl, t.period, t.max_ttl, t.explicit_max_ttl, mount.default_ttl, mount.max_ttl, {}, now});
  warnings.insert(warnings.end(), ttl.warnings.begin(), ttl.warnings.end());
  t.creation = now;
  t.ttl = t.creation_ttl = ttl.ttl;
  t.expire = ttl.expire;
  auto issued = TRY(token::create(spaces.write(token::space(root_tenant)), x.runtime->keys(), std::move(wanted), x.runtime->random()));
  if (!issued.record.id.empty()) x.made_tokens.push_back(issued.record.id);
  return auth_block(issued.record, std::move(issued.token), identity_policies, now);
}

Result<schema::WrapInfo> issue_wrapping(Exchange& x, RequestSpaces& spaces, const WrapRequest& wanted, std::string_view envelope) {
  const Time now = x.runtime->clock().now();
  token::NewToken token;
  token::Record& t = token.record;
  t.path = t.wrap_path = wanted.creation_path;
  t.policies = {"response-wrapping"};
  t.wrapping = true;
  t.wrapped_accessor = wanted.wrapped_accessor;
  t.orphan = true;
  t.renewable = false;
  t.limited = true;
  t.num_uses = 1;
  t.creation = now;
  t.ttl = t.creation_ttl = t.explicit_max_ttl = wanted.ttl;
  t.expire = now + wanted.ttl;
  auto issued = TRY(token::create(spaces.write(token::space(root_tenant)), x.runtime->keys(), std::move(token), x.runtime->random()));
  x.made_tokens.push_back(issued.record.id);
  CHECK_OK(spaces.write(wrapping_space(root_tenant)).put(issued.record.id, envelope));
  schema::WrapInfo info;
  info.token = std::move(issued.token);
  info.accessor = issued.record.accessor;
  info.creation_path = wanted.creation_path;
  info.wrapped_accessor = wanted.wrapped_accessor;
  info.ttl = wanted.ttl;
  info.creation_time = now;
  return info;
}

}  // namespace coffer::core
