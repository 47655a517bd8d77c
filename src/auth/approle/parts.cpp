#include "auth/approle/backend.h"

// Endpoints of single parameters of a role, which policies can so allow one by one.
namespace coffer::approle {
namespace {

struct Policies {
  using Value = schema::CommaList;
  static constexpr std::string_view pattern = "role/{role_name}/policies", name = "token_policies", help = "Policies of the tokens.";
  static constexpr std::string_view old_name = "policies";
  static Value& of(Role& role) { return role.token.token_policies; }
  static bool& written_old(Role& role) { return role.old_policies; }
};
struct Period {
  using Value = Seconds;
  static constexpr std::string_view pattern = "role/{role_name}/period", name = "token_period",
                                    help = "Makes periodic tokens, renewed without an end.";
  static constexpr std::string_view old_name = "period";
  static Value& of(Role& role) { return role.token.token_period; }
  static bool& written_old(Role& role) { return role.old_period; }
};
struct BindSecretId {
  using Value = bool;
  static constexpr std::string_view pattern = "role/{role_name}/bind-secret-id", name = "bind_secret_id",
                                    help = "Whether a login needs a secret id.";
  static Value& of(Role& role) { return role.bind_secret_id; }
};
struct SecretIdNumUses {
  using Value = std::int64_t;
  static constexpr std::string_view pattern = "role/{role_name}/secret-id-num-uses", name = "secret_id_num_uses",
                                    help = "How often a secret id logs in; 0 is without limit.";
  static Value& of(Role& role) { return role.secret_id_num_uses; }
};
struct SecretIdTtl {
  using Value = Seconds;
  static constexpr std::string_view pattern = "role/{role_name}/secret-id-ttl", name = "secret_id_ttl",
                                    help = "How long a secret id lives; 0 is without limit.";
  static Value& of(Role& role) { return role.secret_id_ttl; }
};
struct SecretIdBoundCidrs {
  using Value = schema::CommaList;
  static constexpr bool null_when_empty = true;
  static constexpr std::string_view pattern = "role/{role_name}/secret-id-bound-cidrs", name = "secret_id_bound_cidrs",
                                    help = "Address blocks from which logins come.";
  static Value& of(Role& role) { return role.secret_id_bound_cidrs; }
};
struct BoundCidrList {
  using Value = schema::CommaList;
  static constexpr std::string_view pattern = "role/{role_name}/bound-cidr-list", name = "bound_cidr_list",
                                    help = "Older name of secret_id_bound_cidrs.";
  static Value& of(Role& role) { return role.secret_id_bound_cidrs; }
};
struct TokenTtl {
  using Value = Seconds;
  static constexpr std::string_view pattern = "role/{role_name}/token-ttl", name = "token_ttl", help = "How long a token lives at first.";
  static Value& of(Role& role) { return role.token.token_ttl; }
};
struct TokenMaxTtl {
  using Value = Seconds;
  static constexpr std::string_view pattern = "role/{role_name}/token-max-ttl", name = "token_max_ttl",
                                    help = "How long a token may live, renewals included.";
  static Value& of(Role& role) { return role.token.token_max_ttl; }
};
struct TokenNumUses {
  using Value = std::int64_t;
  static constexpr std::string_view pattern = "role/{role_name}/token-num-uses", name = "token_num_uses",
                                    help = "How often a token may be used; 0 is without limit.";
  static Value& of(Role& role) { return role.token.token_num_uses; }
};
struct TokenBoundCidrs {
  using Value = schema::CommaList;
  static constexpr std::string_view pattern = "role/{role_name}/token-bound-cidrs", name = "token_bound_cidrs",
                                    help = "Address blocks from which the tokens may be used.";
  static Value& of(Role& role) { return role.token.token_bound_cidrs; }
};
struct LocalSecretIds {
  using Value = bool;
  static constexpr std::string_view pattern = "role/{role_name}/local-secret-ids", name = "local_secret_ids",
                                    help = "Whether secret ids stay on this cluster.";
  static Value& of(Role& role) { return role.local_secret_ids; }
};

}  // namespace

template <class P>
Result<std::optional<PartReply<P>>> Approle::read_part(const Caller&, const Snapshot& view, const RoleName& in) {
  auto role = TRY(load_role(view, TRY(NormalizedName::from(in.role_name))));
  if (!role) return std::optional<PartReply<P>>();
  PartReply<P> out{};
  out.value = P::of(*role);
  if constexpr (NullWhenEmpty<P>) {
    if (out.value->items.empty()) out.value.reset();
  }
  if constexpr (HasOldName<P>) {
    if (P::written_old(*role)) out.old.value = out.value;
  }
  return std::optional(std::move(out));
}

template <class P>
Result<schema::Nothing> Approle::write_part(const Caller& caller, Transaction& view, const PutPart<P>& in) {
  const auto name = TRY(NormalizedName::from(in.role_name));
  Role role = TRY(require_role(view, name));
  bool given = in.value.has_value();
  if (given) P::of(role) = *in.value;
  if constexpr (HasOldName<P>) {
    if (!given && in.old) P::of(role) = *in.old;
    P::written_old(role) = !given && in.old;
    given = given || in.old;
  }
  if (!given) return invalid("missing " + std::string(P::name));
  if constexpr (std::is_same_v<P, Period>) CHECK_OK(check_period(role.token.token_period, *caller.mount));
  CHECK_OK(check_role(role));
  CHECK_OK(save_role(view, name, role));
  return schema::Nothing{};
}

template <class P>
Result<schema::Nothing> Approle::delete_part(const Caller&, Transaction& view, const RoleName& in) {
  const auto name = TRY(NormalizedName::from(in.role_name));
  Role role = TRY(require_role(view, name));
  Role fresh;
  P::of(role) = P::of(fresh);
  if constexpr (HasOldName<P>) P::written_old(role) = false;
  CHECK_OK(check_role(role));
  CHECK_OK(save_role(view, name, role));
  return schema::Nothing{};
}

template <class P>
void Approle::add_part(std::vector<schema::Endpoint>& out) {
  using schema::Verb;
  out.push_back(schema::at(P::pattern, P::help)
                    .folds_names()
                    .on(Verb::read, this, &Approle::read_part<P>, "Reads the parameter.")
                    .on(Verb::write, this, &Approle::write_part<P>, "Sets the parameter.")
                    .on(Verb::remove, this, &Approle::delete_part<P>, "Sets the parameter back."));
}

void Approle::add_part_endpoints(std::vector<schema::Endpoint>& out) {
  add_part<Policies>(out);
  add_part<Period>(out);
  add_part<BindSecretId>(out);
  add_part<SecretIdNumUses>(out);
  add_part<SecretIdTtl>(out);
  add_part<SecretIdBoundCidrs>(out);
  add_part<BoundCidrList>(out);
  add_part<TokenTtl>(out);
  add_part<TokenMaxTtl>(out);
  add_part<TokenNumUses>(out);
  add_part<TokenBoundCidrs>(out);
  out.push_back(schema::at(LocalSecretIds::pattern, LocalSecretIds::help)
                    .folds_names()
                    .on(schema::Verb::read, this, &Approle::read_part<LocalSecretIds>, "Reads the parameter."));
}

}  // namespace coffer::approle
