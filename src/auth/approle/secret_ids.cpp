#include <algorithm>

#include "auth/approle/backend.h"
#include "backend/session.h"
#include "base/cidr.h"

// Secret ids: made, looked up, destroyed, tidied.
namespace coffer::approle {
namespace {

constexpr int tidy_steps = 100;  // transactions of one call; the next call goes on

Result<schema::StringMap> read_metadata(const schema::RawJson& given) {
  if (given.text.empty()) return schema::StringMap{};
  const json::Document document = TRY(json::Document::parse(given.text));
  if (document.root().is_string() && document.root().text().empty()) return schema::StringMap{};
  auto map = schema::Codec<schema::StringMap>::decode(document.root());
  if (!map) return invalid("failed to parse metadata: " + map.error().message);
  return map;
}

// Blocks of a secret id must lie within its role's.
Result<void> check_blocks(const std::vector<std::string>& blocks, const std::vector<std::string>& outer, std::string_view role) {
  for (const std::string& block : blocks) {
    CHECK_OK(check_cidr(block));
    const auto holds = [&](const std::string& whole) { return cidr_subset(block, whole); };
    if (!outer.empty() && std::none_of(outer.begin(), outer.end(), holds))
      return invalid("failed to verify subset relationship between CIDR blocks on the role \"" + std::string(role) +
                     "\" and CIDR blocks on the secret ID");
  }
  return {};
}

Result<std::int64_t> uses_of(const SecretProperties& in, const Role& role) {
  if (!in.num_uses) return role.secret_id_num_uses;
  if (*in.num_uses < 0) return invalid("num_uses cannot be negative");
  if (role.secret_id_num_uses > 0 && (*in.num_uses == 0 || *in.num_uses > role.secret_id_num_uses))
    return invalid("num_uses cannot be higher than the role's secret_id_num_uses");
  return *in.num_uses;
}
// No secret id outlives what the mount allows its tokens.
Result<Seconds> ttl_of(const SecretProperties& in, const Role& role, Seconds most) {
  Seconds ttl = role.secret_id_ttl;
  if (in.ttl) {
    if (role.secret_id_ttl > Seconds(0) && (*in.ttl == Seconds(0) || *in.ttl > role.secret_id_ttl))
      return invalid("ttl cannot be longer than the role's secret_id_ttl");
    ttl = *in.ttl;
  }
  return std::min(ttl, most);
}

SecretReply shown(SecretId secret) {
  return {std::move(secret.cidr_list),
          secret.created,
          {secret.expires},
          secret.updated,
          std::move(secret.metadata),
          std::move(secret.accessor),
          secret.uses_left,
          secret.ttl,
          std::move(secret.token_bound_cidrs)};
}

schema::Reply unknown_accessor(std::string_view accessor) {
  return schema::to_reply(
      schema::Answer<AccessorError>{{"failed to find accessor entry for secret_id_accessor: " + json::quoted(accessor)}, {}, 404});
}

}  // namespace

void Approle::add_secret_id_endpoints(std::vector<schema::Endpoint>& out) {
  using schema::Verb;
  const auto part = [&](std::string_view pattern, std::string_view help) { return schema::at(pattern, help).folds_names(); };
  out.push_back(part("role/{role_name}/secret-id", "Secret ids of a role.")
                    .on(Verb::write, this, &Approle::make_secret_id, "Makes a secret id.")
                    .on(Verb::list, this, &Approle::list_accessors, "Lists the accessors of the secret ids."));
  out.push_back(part("role/{role_name}/custom-secret-id", "A secret id of the caller's choice.")
                    .on(Verb::write, this, &Approle::take_secret_id, "Takes a given text as a secret id."));
  out.push_back(part("role/{role_name}/secret-id/lookup", "What is known of a secret id.")
                    .on(Verb::write, this, &Approle::look_up_secret_id, "Looks a secret id up.")
                    .replies<SecretReply>());
  out.push_back(part("role/{role_name}/secret-id/destroy", "The end of a secret id.")
                    .on(Verb::write, this, &Approle::destroy_secret_id, "Destroys a secret id.")
                    .on(Verb::remove, this, &Approle::destroy_secret_id, "Destroys a secret id."));
  out.push_back(part("role/{role_name}/secret-id-accessor/lookup", "What is known of a secret id, by its accessor.")
                    .on(Verb::write, this, &Approle::look_up_accessor, "Looks a secret id up by its accessor.")
                    .replies<SecretReply>());
  out.push_back(part("role/{role_name}/secret-id-accessor/destroy", "The end of a secret id, by its accessor.")
                    .on(Verb::write, this, &Approle::destroy_accessor, "Destroys a secret id by its accessor.")
                    .on(Verb::remove, this, &Approle::destroy_accessor, "Destroys a secret id by its accessor."));
  out.push_back(
      schema::at("tidy/secret-id", "Secret ids whose time is over.").on(Verb::write, this, &Approle::tidy, "Erases them from the store."));
}

Result<NewSecretReply> Approle::make_secret_id(const Caller& caller, Transaction& view, const NewSecret& in) {
  return register_secret_id(caller, view, in, SecretBytes::copy_of(make_uuid(random_)));
}

Result<NewSecretReply> Approle::take_secret_id(const Caller& caller, Transaction& view, const CustomSecret& in) {
  if (in.secret_id.empty()) return invalid("missing secret_id");
  if (in.secret_id.size() > 4096) return invalid("secret_id is longer than 4096 bytes");
  return register_secret_id(caller, view, in.secret, in.secret_id.clone());
}

Result<NewSecretReply> Approle::register_secret_id(const Caller& caller, Transaction& view, const NewSecret& in, SecretBytes text) {
  const auto name = TRY(NormalizedName::from(in.role_name));
  const Role role = TRY(require_role(view, name));
  if (!role.bind_secret_id) return invalid("bind_secret_id is not set on the role");
  const SecretProperties& wanted = in.properties;
  SecretId secret;
  secret.metadata = TRY(read_metadata(wanted.metadata));
  CHECK_OK(check_blocks(wanted.cidr_list.items, role.secret_id_bound_cidrs.items, name.view()));
  CHECK_OK(check_blocks(wanted.token_bound_cidrs.items, role.token.token_bound_cidrs.items, name.view()));
  secret.cidr_list = wanted.cidr_list.items;
  secret.token_bound_cidrs = wanted.token_bound_cidrs.items;
  secret.num_uses = secret.uses_left = TRY(uses_of(wanted, role));
  secret.ttl = TRY(ttl_of(wanted, role, caller.mount->max_ttl));
  secret.created = secret.updated = caller.now;
  if (secret.ttl > Seconds(0)) secret.expires = caller.now + secret.ttl;
  secret.accessor = make_uuid(random_);
  const auto hash = TRY(load_or_make_hash(view, random_));
  const std::string key = hash->of_secret_id(text.reveal_text());
  if (const auto old = TRY(load_secret(view, role, key, Time()))) {  // an expired one too
    if (!old->expired(caller.now)) return invalid("SecretID is already registered");
    erase_secret(view, role, key, *old);
  }
  CHECK_OK(save_secret(view, role, key, secret));
  CHECK_OK(view.put(accessor_key(role, secret.accessor), key));
  return NewSecretReply{std::move(text), secret.accessor, secret.num_uses, secret.ttl};
}

Result<schema::Keys> Approle::list_accessors(const Caller&, const Snapshot& view, const ListAccessors& in) {
  const Role role = TRY(require_role(view, TRY(NormalizedName::from(in.role_name))));
  return schema::Keys{TRY(list_names(view, accessor_key(role, ""), '\0', in.page)), ""};
}

Result<schema::Reply> Approle::look_up_secret_id(const Caller& caller, const Snapshot& view, const NamedSecret& in) {
  if (in.secret_id.empty()) return invalid("missing secret_id");
  const Role role = TRY(require_role(view, TRY(NormalizedName::from(in.role_name))));
  const auto hash = TRY(load_hash(view));
  if (!hash) return schema::to_reply(schema::Nothing{});
  auto secret = TRY(load_secret(view, role, hash->of_secret_id(in.secret_id.reveal_text()), caller.now));
  if (!secret) return schema::to_reply(schema::Nothing{});
  return schema::to_reply(shown(*std::move(secret)));
}

Result<schema::Reply> Approle::look_up_accessor(const Caller& caller, const Snapshot& view, const NamedAccessor& in) {
  if (in.secret_id_accessor.empty()) return invalid("missing secret_id_accessor");
  const Role role = TRY(require_role(view, TRY(NormalizedName::from(in.role_name))));
  const auto key = TRY(hash_of_accessor(view, role, in.secret_id_accessor));
  if (!key) return unknown_accessor(in.secret_id_accessor);
  auto secret = TRY(load_secret(view, role, *key, caller.now));
  if (!secret) return unknown_accessor(in.secret_id_accessor);
  return schema::to_reply(shown(*std::move(secret)));
}

Result<schema::Nothing> Approle::destroy_secret_id(const Caller&, Transaction& view, const NamedSecret& in) {
  if (in.secret_id.empty()) return invalid("missing secret_id");
  const Role role = TRY(require_role(view, TRY(NormalizedName::from(in.role_name))));
  const auto hash = TRY(load_hash(view));
  if (!hash) return schema::Nothing{};
  const std::string key = hash->of_secret_id(in.secret_id.reveal_text());
  const auto secret = TRY(load_secret(view, role, key, Time()));  // an expired one too
  if (secret) erase_secret(view, role, key, *secret);
  return schema::Nothing{};
}

Result<schema::Reply> Approle::destroy_accessor(const Caller&, Transaction& view, const NamedAccessor& in) {
  if (in.secret_id_accessor.empty()) return invalid("missing secret_id_accessor");
  const Role role = TRY(require_role(view, TRY(NormalizedName::from(in.role_name))));
  const auto key = TRY(hash_of_accessor(view, role, in.secret_id_accessor));
  if (!key) return unknown_accessor(in.secret_id_accessor);
  view.erase(secret_key(role, *key));
  view.erase(accessor_key(role, in.secret_id_accessor));
  return schema::to_reply(schema::Nothing{});
}

Result<schema::Answer<schema::Nothing>> Approle::tidy(const Caller& caller, Session& session, const schema::NoMembers&) {
  bool done = false;
  for (int step = 0; step < tidy_steps && !done; ++step)
    CHECK_OK(session.transact([&](Transaction& view) -> Result<void> {
      done = TRY(tidy_some(view, caller.now));
      return {};
    }));
  return schema::Answer<schema::Nothing>{
      {}, {"Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs."}, 202};
}

}  // namespace coffer::approle
