#include "core/access_keys/issue.h"

#include "base/cidr.h"
#include "core/access_keys/principal.h"
#include "core/issue.h"
#include "core/runtime.h"
#include "identity/store.h"

namespace coffer::core {

Result<token::Record> issue_key_token(Exchange& x, RequestSpaces& spaces, const KeyToken& wanted) {
  const MountInfo& mount = x.mount->info;
  const Time now = x.runtime->clock().now();
  token::NewToken made;
  token::Record& t = made.record;
  t.path = x.request.path.str();
  t.display_name = mount.path.substr(5, mount.path.size() - 6) + "-" + wanted.display_name;
  t.policies = TRY(normalize_policies(wanted.policies, !wanted.no_default_policy));
  if (t.root()) return invalid("auth methods cannot create root tokens");
  t.meta = {{std::string(principal_meta), wanted.principal}};
  t.mount_accessor = mount.accessor;
  t.alias_name = wanted.alias_name;
  t.tenant = root_tenant;
  t.assumed_roles = wanted.assumed_roles;
  t.session_policy = wanted.session_policy;
  t.parent = wanted.parent;
  t.orphan = wanted.parent.empty();
  t.bound_cidrs = wanted.bound_cidrs;
  t.renewable = false;
  if (!wanted.alias_name.empty()) {
    const schema::StringMap none;
    const identity::LoginAlias alias{mount.accessor, mount.type, mount.path, wanted.alias_name, none};
    const auto entity = TRY(identity::at_login(spaces.write(identity::space(root_tenant)), alias, now, x.runtime->random()));
    if (entity.disabled) return fail(Code::permission_denied, "permission denied");
    t.entity_id = entity.id;
  }
  t.creation = now;
  if (wanted.ttl > Seconds(0)) {
    t.ttl = t.creation_ttl = t.explicit_max_ttl = wanted.ttl;
    t.expire = now + wanted.ttl;
  }
  auto issued = TRY(token::create(spaces.write(token::space(root_tenant)), x.runtime->keys(), std::move(made), x.runtime->random()));
  x.made_tokens.push_back(issued.record.id);
  return std::move(issued.record);
}

Result<void> check_aws_name(std::string_view name, std::string_view what) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@_-").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > 64 || !std::all_of(name.begin(), name.end(), fits))
    return invalid(std::string(what) + " must have 1 to 64 letters, digits or characters of +=,.@_-");
  return {};
}

}  // namespace coffer::core
