#include "backend/listing.h"
#include "base/brief.h"
#include "base/cidr.h"
#include "core/envelope.h"
#include "core/issue.h"
#include "core/revoke.h"
#include "core/tokens/create.h"
#include "core/tokens/renew.h"

namespace coffer::core {
namespace {

// It becomes a part of paths of leases.
Result<void> check_path_suffix(std::string_view suffix) {
  if (suffix.empty()) return {};
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.'; };
  if (suffix.size() > 128 || suffix.find("..") != suffix.npos || !std::all_of(suffix.begin(), suffix.end(), fits))
    return invalid("path_suffix must have at most 128 letters, digits, dashes, underscores and dots, and no two dots in a row");
  return {};
}

using schema::Access;
using schema::Verb;

std::vector<std::string> items(const std::optional<CommaList>& list) { return list ? list->items : std::vector<std::string>(); }

// Names of token roles keep their case; otherwise they are names like others (S2).
Result<void> check_role_name(const std::string& name) {
  (void)TRY(NormalizedName::from(name));
  return {};
}

TokenInfo describe_token(const LiveToken& live, std::string_view text, Time now) {
  const token::Record& t = live.record;
  TokenInfo out;
  out.accessor = t.accessor;
  out.creation_time = unix_seconds(t.creation);
  out.creation_ttl = t.creation_ttl;
  out.display_name = t.display_name;
  out.entity_id = t.entity_id;
  out.explicit_max_ttl = t.explicit_max_ttl;
  out.id = text;
  if (!live.identity_policies.empty()) out.identity_policies.value = live.identity_policies;
  if (t.expire != Time()) {
    out.expire_time = t.expire;
    out.issue_time.value = t.creation;
    out.ttl = std::max(Seconds(0), std::chrono::ceil<Seconds>(t.expire - now));
    out.renewable.value = t.renewable;
    if (t.last_renewal != Time()) {
      out.last_renewal.value = t.last_renewal;
      out.last_renewal_time.value = unix_seconds(t.last_renewal);
    }
  }
  if (!t.meta.empty()) out.meta = schema::StringMap(t.meta.begin(), t.meta.end());
  out.num_uses = t.num_uses;
  out.orphan = t.orphan;
  out.path = t.path;
  if (t.period > Seconds(0)) out.period.value = t.period;
  out.policies = t.policies;
  if (!t.role.empty()) out.role.value = t.role;
  if (!t.bound_cidrs.empty()) out.bound_cidrs.value = t.bound_cidrs;
  out.type = t.kind == token::Kind::batch ? "batch" : "service";
  return out;
}

class TokenBackend final : public Backend {
 public:
  explicit TokenBackend(System& system) : system_(system) {}
  std::string_view help() const override { return "The token auth method: it makes, shows, renews and revokes tokens. It is built in and cannot be removed."; }
  std::vector<schema::Endpoint> endpoints() override {
    using T = TokenBackend;
    std::vector<schema::Endpoint> out;
    const auto one = [&](std::string_view pattern, std::string_view help, auto handler, std::string_view summary, Access access = Access::token) {
      out.push_back(schema::at(pattern, help).on(Verb::write, this, handler, summary, access));
    };
    one("create", "New tokens.", &T::create, "Makes a child of the caller's token.");
    one("create-orphan", "New tokens without a parent.", &T::create_orphan, "Makes a token that outlives its maker.");
    one("create/{role_name}", "New tokens by a role.", &T::create_by_role, "Makes a token within the limits of a token role.");
    out.push_back(schema::at("lookup-self", "The caller's own token.")
                      .on(Verb::read, this, &T::lookup_self, "Shows the caller's token.")
                      .on(Verb::write, this, &T::lookup_self, "Shows the caller's token.")
                      // Who has a token has its use: no policy is asked for, as for AWS's GetCallerIdentity.
                      .on_action("azure:GetManagedIdentity", Verb::read, this, &T::time_left, "Tells how long the caller's token is good.",
                                 Access::optional));
    out.push_back(schema::at("lookup", "A token.")
                      .on(Verb::read, this, &T::lookup, "Shows a token.")
                      .on(Verb::write, this, &T::lookup, "Shows a token."));
    one("lookup-accessor", "A token by its accessor.", &T::lookup_accessor, "Shows a token without naming it.");
    one("renew-self", "Renewal of the caller's own token.", &T::renew_self, "Renews the caller's token.");
    one("renew", "Renewal.", &T::renew, "Renews a token.");
    one("renew-accessor", "Renewal by accessor.", &T::renew_accessor, "Renews a token by its accessor.");
    one("revoke-self", "The end of the caller's own token.", &T::revoke_self, "Revokes the caller's token and its children.");
    one("revoke", "The end of a token.", &T::revoke, "Revokes a token and its children.");
    one("revoke-accessor", "The end of a token, by accessor.", &T::revoke_accessor, "Revokes a token by its accessor.");
    one("revoke-orphan", "The end of a token, but not of its children.", &T::revoke_orphan, "Revokes a token and makes orphans of its children.", Access::sudo);
    out.push_back(schema::at("accessors", "All accessors.")
                      .on(Verb::list, this, &T::list_accessors, "Lists the accessors of all tokens.", Access::sudo)
                      .heavy());
    out.push_back(schema::at("roles", "Token roles.").on(Verb::list, this, &T::list_roles, "Lists token roles.").heavy());
    out.push_back(schema::at("roles/{name}", "A token role.")
                      .on(Verb::read, this, &T::show_role, "Shows a token role.")
                      .on(Verb::write, this, &T::put_role, "Makes or changes a token role.")
                      .on(Verb::remove, this, &T::remove_role, "Removes a token role.")
                      .exists(this, &T::role_exists));
    one("tidy", "Tidying.", &T::tidy, "Nothing has to be tidied; answers as Vault does.");
    return out;
  }

 private:
  using Auth = schema::Answer<schema::AuthBlock>;
  Result<Auth> create(const Caller& c, Transaction&, const CreateToken& in) { return create_token(system_, c, in, nullptr, false); }
  Result<Auth> create_orphan(const Caller& c, Transaction&, const CreateToken& in) { return create_token(system_, c, in, nullptr, true); }
  Result<Auth> create_by_role(const Caller& c, Transaction& txn, const CreateToken& in) {
    const auto role = TRY(read_role(txn, in.role_name));
    if (!role) return invalid("unknown role " + in.role_name);
    return create_token(system_, c, in, &*role, false);
  }

  Result<TokenInfo> lookup_self(const Caller& c, const Snapshot&, const schema::NoMembers&) {
    const Exchange& x = exchange_of(c);
    return describe_token(*x.token, x.request.token, c.now);
  }
  Result<TimeLeft> time_left(const Caller& c, const Snapshot&, const schema::NoMembers&) {
    const Exchange& x = exchange_of(c);
    if (!x.token) return fail(Code::unauthenticated, "permission denied");
    return TimeLeft{describe_token(*x.token, x.request.token, c.now).ttl};
  }
  Result<TokenInfo> lookup(const Caller& c, const Snapshot& view, const OneToken& in) {
    if (in.token.empty()) return lookup_self(c, view, {});
    Exchange& x = exchange_of(c);
    auto found = x.runtime->authenticate(in.token, x.view);
    if (!found || !*found) return fail(Code::permission_denied, "bad token");
    return describe_token(**found, in.token, c.now);
  }
  Result<TokenInfo> lookup_accessor(const Caller& c, const Snapshot& view, const OneAccessor& in) {
    return describe_token(*TRY(by_accessor(c, view, in.accessor)), "", c.now);
  }
  Result<LiveTokenPtr> by_accessor(const Caller& c, const Snapshot& view, const std::string& accessor) {
    if (accessor.empty()) return invalid(joined_error("missing accessor"));
    Exchange& x = exchange_of(c);
    const auto record = TRY(token::find_by_accessor(view, accessor));
    LiveTokenPtr live = record ? TRY(x.runtime->live(record->id, x.view)) : nullptr;
    if (!live) return invalid(joined_error("invalid accessor"));
    return live;
  }

  Result<Auth> renew_self(const Caller& c, Transaction&, const RenewToken& in) {
    const Exchange& x = exchange_of(c);
    if (x.token->record.kind != token::Kind::batch && x.token->record.expire == Time()) return invalid("invalid lease ID");
    return renew_record(c, x.token->record, std::string(x.request.token), in.increment);
  }
  Result<Auth> renew(const Caller& c, Transaction&, const RenewToken& in) {
    if (in.token.empty()) return invalid("missing token ID");
    Exchange& x = exchange_of(c);
    const auto live = x.runtime->authenticate(in.token, x.view);
    if (!live) return invalid("token not found");
    return renew_record(c, (*live)->record, in.token, in.increment);
  }
  Result<Auth> renew_accessor(const Caller& c, Transaction& txn, const RenewToken& in) {
    const auto live = TRY(by_accessor(c, txn, in.accessor));
    return renew_record(c, live->record, "", in.increment);
  }
  Result<Auth> renew_record(const Caller& c, const token::Record& known, const std::string& text, Seconds increment);

  // Revocations take as many transactions as their tree needs, so they run on a worker.
  Result<schema::Nothing> revoke_id(const std::string& id) {
    CHECK_OK(revoke_tree(*system_.runtime.load(), id));
    return schema::Nothing{};
  }
  Result<schema::Nothing> revoke_self(const Caller& c, Session&, const schema::NoMembers&) {
    if (c.token_type == "batch") return invalid("batch tokens cannot be revoked");
    return revoke_id(std::string(c.token_id));
  }
  Result<schema::Nothing> revoke(const Caller&, Session&, const OneToken& in) {
    if (in.token.empty()) return invalid("missing token ID");
    if (in.token.starts_with("hvb.")) return invalid("batch tokens cannot be revoked");
    return revoke_id(system_.runtime.load()->keys().id_of(in.token));
  }
  Result<schema::Answer<schema::Nothing>> revoke_accessor(const Caller&, Session& session, const OneAccessor& in) {
    if (in.accessor.empty()) return invalid(joined_error("missing accessor"));
    std::string id;
    CHECK_OK(session.snapshot([&](const Snapshot& view) -> Result<void> {
      if (const auto record = TRY(token::find_by_accessor(view, in.accessor))) id = record->id;
      return {};
    }));
    if (id.empty()) return schema::Answer<schema::Nothing>{{}, {"No token found with this accessor"}};
    (void)TRY(revoke_id(id));
    return schema::Answer<schema::Nothing>{};
  }
  Result<schema::Nothing> revoke_orphan(const Caller&, Session& session, const OneToken& in) {
    if (in.token.empty()) return invalid("missing token ID");
    const std::string id = system_.runtime.load()->keys().id_of(in.token);
    for (bool done = false; !done;)
      CHECK_OK(session.transact([&](Transaction& txn) -> Result<void> {
        const auto record = TRY(token::find(txn, id));
        if (!record) return invalid("token to revoke not found");
        done = TRY(token::orphan_children(txn, id, 500));
        return {};
      }));
    return revoke_id(id);
  }

  Result<schema::Keys> list_accessors(const Caller&, const Snapshot& view, const schema::Page& in) {
    return schema::Keys{TRY(list_names(view, "accessor/", '\0', in)), ""};
  }

  Result<bool> role_exists(const Caller&, const Snapshot& view, const RoleName& in) { return TRY(read_role(view, in.name)).has_value(); }
  Result<schema::Keys> list_roles(const Caller&, const Snapshot& view, const schema::Page& in) {
    return schema::Keys{TRY(list_names(view, "role/", '\0', in)), ""};
  }
  Result<std::optional<schema::Custom>> show_role(const Caller&, const Snapshot& view, const RoleName& in);
  Result<schema::Nothing> put_role(const Caller&, Transaction& txn, const PutRole& in);
  Result<schema::Nothing> remove_role(const Caller&, Transaction& txn, const RoleName& in) {
    CHECK_OK(check_role_name(in.name));
    txn.erase("role/" + in.name);
    return schema::Nothing{};
  }
  Result<schema::Answer<schema::Nothing>> tidy(const Caller&, const Snapshot&, const schema::NoMembers&) {
    return schema::Answer<schema::Nothing>{
        {}, {"Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."}, 202};
  }

  System& system_;
};

Result<TokenBackend::Auth> TokenBackend::renew_record(const Caller& c, const token::Record& known, const std::string& text,
                                                      Seconds increment) {
  if (known.kind == token::Kind::batch) return invalid("batch tokens cannot be renewed");
  auto renewed = TRY(renew_token(c, known.id, increment, "token not found"));
  return Auth{auth_block(renewed.record, SecretBytes::copy_of(text), {}, c.now), std::move(renewed.warnings)};
}

Result<std::optional<schema::Custom>> TokenBackend::show_role(const Caller&, const Snapshot& view, const RoleName& in) {
  auto found = TRY(read_role(view, in.name));
  if (!found) return std::optional<schema::Custom>{};
  return std::optional<schema::Custom>(schema::Custom{[role = *std::move(found)](json::Writer& w) {
    const json::Writer::Public open(w);
    const auto list = [&](std::string_view key, const std::vector<std::string>& values) {
      w.key(key);
      schema::Codec<std::vector<std::string>>::encode(w, values);
    };
    w.begin_object();
    w.key("name").string(role.name);
    list("allowed_policies", items(role.allowed_policies));
    list("disallowed_policies", items(role.disallowed_policies));
    list("allowed_policies_glob", items(role.allowed_policies_glob));
    list("disallowed_policies_glob", items(role.disallowed_policies_glob));
    w.key("allowed_entity_aliases");
    if (role.allowed_entity_aliases) schema::Codec<CommaList>::encode(w, *role.allowed_entity_aliases);
    else w.null();
    w.key("orphan").boolean(role.orphan).key("renewable").boolean(role.renewable).key("path_suffix").string(role.path_suffix);
    w.key("period").integer(role.period.count()).key("explicit_max_ttl").integer(role.explicit_max_ttl.count());
    w.key("token_explicit_max_ttl").integer(role.token_explicit_max_ttl.count()).key("token_period").integer(role.token_period.count());
    w.key("token_no_default_policy").boolean(role.token_no_default_policy).key("token_type").string(role.token_type);
    if (role.token_bound_cidrs) list("token_bound_cidrs", role.token_bound_cidrs->items);
    if (role.bound_cidrs) list("bound_cidrs", role.bound_cidrs->items);
    if (role.token_num_uses > 0) w.key("token_num_uses").integer(role.token_num_uses);
    if (role.token_strictly_bind_ip) w.key("token_strictly_bind_ip").boolean(true);
    w.end_object();
  }});
}

Result<schema::Nothing> TokenBackend::put_role(const Caller&, Transaction& txn, const PutRole& in) {
  CHECK_OK(check_role_name(in.name));
  TokenRole role = TRY(read_role(txn, in.name)).value_or(TokenRole{});
  CHECK_OK(in.change.apply(role));
  role.name = in.name;
  if (role.token_type.empty() || role.token_type == "default") role.token_type = "default-service";
  bool known = false;
  for (std::string_view type : {"service", "batch", "default-service", "default-batch"}) known = known || role.token_type == type;
  if (!known) return invalid("invalid 'token_type' value " + json::quoted(brief(role.token_type)));
  if (role.token_type == "batch" && !role.orphan) return invalid("'token_type' cannot be 'batch' when role is set to generate non-orphan tokens");
  if (role.token_type == "batch" && (role.token_period > Seconds(0) || role.period > Seconds(0))) return invalid("'token_type' cannot be 'batch' when role is set to generate periodic tokens");
  if (role.token_type == "batch" && role.renewable && in.change.has("renewable")) return invalid("'token_type' cannot be 'batch' when role is set to generate renewable tokens");
  if (role.token_type == "batch" && role.token_num_uses > 0) return invalid("'token_type' cannot be 'batch' when role is set to generate tokens with limited use count");
  for (auto* list : {&role.allowed_policies, &role.disallowed_policies})
    if (*list) (*list)->items = TRY(normalize_policies((*list)->items, false));
  for (const auto* list : {&role.token_bound_cidrs, &role.bound_cidrs})
    if (*list)
      for (const auto& block : (*list)->items) CHECK_OK(check_cidr(block));
  CHECK_OK(check_path_suffix(role.path_suffix));
  CHECK_OK(txn.put("role/" + in.name, schema::to_json(role)));
  return schema::Nothing{};
}

}  // namespace

std::unique_ptr<Backend> make_token_backend(System& system) { return std::make_unique<TokenBackend>(system); }

}  // namespace coffer::core
