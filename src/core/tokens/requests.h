#pragma once
#include "schema/login.h"

// Requests and replies of auth/token/ (vault-api.md §1.4).
namespace coffer::core {

using schema::CommaList;
using schema::field;
using schema::Omit;
using schema::path;

struct CreateToken {
  std::string role_name;
  std::string id, type, display_name, entity_alias;
  std::optional<std::vector<std::string>> policies;
  schema::StringMap meta;
  bool no_parent = false, no_default_policy = false;
  std::optional<bool> renewable;
  std::string ttl, lease, explicit_max_ttl, period;
  std::int64_t num_uses = 0;
  static constexpr auto fields() {
    using T = CreateToken;
    return schema::Fields{path<&T::role_name>("role_name", "Token role whose limits apply."),
                      field<&T::id>("id", "Id of the token (needs sudo); one is made when absent."),
                      field<&T::type>("type", "service or batch; what the role says, or service, when absent.").open(),
                      field<&T::display_name>("display_name", "Name shown in look-ups and the audit log.").open(),
                      field<&T::entity_alias>("entity_alias", "Alias of the token's entity; only with a role that allows it."),
                      field<&T::policies>("policies", "Policies of the token; the caller's own when absent.").open(),
                      field<&T::meta>("meta", "Pairs kept with the token."),
                      field<&T::no_parent>("no_parent", "Makes an orphan (needs sudo).").open(),
                      field<&T::no_default_policy>("no_default_policy", "Leaves the default policy out.").open(),
                      field<&T::renewable>("renewable", "Whether it can be renewed; true when absent.").open(),
                      field<&T::ttl>("ttl", "How long it lives at first.").open(),
                      field<&T::lease>("lease", "Old name of ttl.").open(),
                      field<&T::explicit_max_ttl>("explicit_max_ttl", "How long it may live, renewals included.").open(),
                      field<&T::period>("period", "Makes it periodic (needs sudo).").open(),
                      field<&T::num_uses>("num_uses", "How often it may be used; 0 is without limit.").open()};
  }
};
struct OneToken {
  std::string token;
  static constexpr auto fields() { return schema::Fields{field<&OneToken::token>("token", "The token.")}; }
};
struct OneAccessor {
  std::string accessor;
  static constexpr auto fields() { return schema::Fields{field<&OneAccessor::accessor>("accessor", "Accessor of the token.")}; }
};
struct RenewToken {
  std::string token, accessor;
  Seconds increment{0};
  static constexpr auto fields() {
    using T = RenewToken;
    return schema::Fields{field<&T::token>("token", "The token."), field<&T::accessor>("accessor", "Accessor of the token."),
                      field<&T::increment>("increment", "How much longer it is wanted.").open()};
  }
};

// What is left of a token's time; 0: it does not end.
struct TimeLeft {
  Seconds ttl{0};
  static constexpr auto fields() { return schema::Fields{field<&TimeLeft::ttl>("ttl", "Time left.").open()}; }
};

struct TokenInfo {
  std::string accessor;
  std::int64_t creation_time = 0;
  Seconds creation_ttl{0};
  std::string display_name, entity_id;
  std::optional<Time> expire_time;
  Seconds explicit_max_ttl{0};
  std::string id;
  Omit<std::vector<std::string>> identity_policies;
  Omit<Time> issue_time;
  Omit<Time> last_renewal;
  Omit<std::int64_t> last_renewal_time;
  std::optional<schema::StringMap> meta;
  std::int64_t num_uses = 0;
  bool orphan = false;
  std::string path;
  Omit<Seconds> period;
  std::vector<std::string> policies;
  Omit<bool> renewable;
  Omit<std::string> role;
  Omit<std::vector<std::string>> bound_cidrs;
  Seconds ttl{0};
  std::string type;
  static constexpr auto fields() {
    using T = TokenInfo;
    return schema::Fields{field<&T::accessor>("accessor", "Accessor."), field<&T::creation_time>("creation_time", "Seconds since 1970.").open(),
                      field<&T::creation_ttl>("creation_ttl", "TTL at first.").open(), field<&T::display_name>("display_name", "Name.").open(),
                      field<&T::entity_id>("entity_id", "Entity, or empty.").open(), field<&T::expire_time>("expire_time", "When it ends; null: never.").open(),
                      field<&T::explicit_max_ttl>("explicit_max_ttl", "Hard limit.").open(), field<&T::id>("id", "The token as it was given."),
                      field<&T::identity_policies>("identity_policies", "Policies of its entity.").open(),
                      field<&T::issue_time>("issue_time", "When it was made.").open(), field<&T::last_renewal>("last_renewal", "When it was renewed.").open(),
                      field<&T::last_renewal_time>("last_renewal_time", "The same in seconds since 1970.").open(), field<&T::meta>("meta", "Pairs kept with it."),
                      field<&T::num_uses>("num_uses", "Uses left; 0 without limit.").open(), field<&T::orphan>("orphan", "Whether it has no parent.").open(),
                      schema::field<&T::path>("path", "Request path that made it.").open(), field<&T::period>("period", "Period of its renewals.").open(),
                      field<&T::policies>("policies", "Its policies.").open(), field<&T::renewable>("renewable", "Whether it can be renewed.").open(),
                      field<&T::role>("role", "Token role that made it.").open(), field<&T::bound_cidrs>("bound_cidrs", "Where it may be used from.").open(),
                      field<&T::ttl>("ttl", "Seconds left.").open(), field<&T::type>("type", "service or batch.").open()};
  }
};

// A token role, as stored and as shown.
struct TokenRole {
  std::string name;
  std::optional<CommaList> allowed_policies, disallowed_policies, allowed_policies_glob, disallowed_policies_glob, allowed_entity_aliases;
  bool orphan = false, renewable = true;
  std::string path_suffix;
  Seconds period{0}, explicit_max_ttl{0};
  std::optional<CommaList> token_bound_cidrs, bound_cidrs;
  Seconds token_explicit_max_ttl{0}, token_period{0};
  bool token_no_default_policy = false, token_strictly_bind_ip = false;
  std::int64_t token_num_uses = 0;
  std::string token_type = "default-service";
  static constexpr auto fields() {
    using T = TokenRole;
    return schema::Fields{field<&T::name>("name", "Name.").open(), field<&T::allowed_policies>("allowed_policies", "Policies that its tokens may have.").open(),
                      field<&T::disallowed_policies>("disallowed_policies", "Policies that they may not have.").open(),
                      field<&T::allowed_policies_glob>("allowed_policies_glob", "The same, with *.").open(),
                      field<&T::disallowed_policies_glob>("disallowed_policies_glob", "The same, with *.").open(),
                      field<&T::allowed_entity_aliases>("allowed_entity_aliases", "Aliases that its tokens may carry.").open(),
                      field<&T::orphan>("orphan", "Makes orphans.").open(), field<&T::renewable>("renewable", "Makes renewable tokens.").open(),
                      field<&T::path_suffix>("path_suffix", "Appended to the tokens' paths.").open(), field<&T::period>("period", "Old name of token_period.").open(),
                      field<&T::explicit_max_ttl>("explicit_max_ttl", "Old name of token_explicit_max_ttl.").open(),
                      field<&T::token_bound_cidrs>("token_bound_cidrs", "Where the tokens may be used from.").open(),
                      field<&T::bound_cidrs>("bound_cidrs", "Old name of token_bound_cidrs.").open(),
                      field<&T::token_explicit_max_ttl>("token_explicit_max_ttl", "Hard limit of their life.").open(),
                      field<&T::token_period>("token_period", "Makes them periodic.").open(),
                      field<&T::token_no_default_policy>("token_no_default_policy", "Leaves the default policy out.").open(),
                      field<&T::token_strictly_bind_ip>("token_strictly_bind_ip", "Binds each token to its maker's address.").open(),
                      field<&T::token_num_uses>("token_num_uses", "Uses of each token.").open(), field<&T::token_type>("token_type", "service, batch or default.").open()};
  }
};
struct RoleName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{path<&RoleName::name>("name", "Name of the role.")}; }
};
struct PutRole {
  std::string name;
  schema::Patch<TokenRole> change;
  static constexpr auto fields() { return schema::Fields{path<&PutRole::name>("name", "Name of the role."), schema::inlined<&PutRole::change>()}; }
};

}  // namespace coffer::core
