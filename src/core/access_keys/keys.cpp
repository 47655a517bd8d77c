#include "backend/listing.h"
#include "base/cidr.h"
#include "core/access_keys/backend.h"
#include "core/access_keys/issue.h"
#include "core/revoke.h"

// The endpoints of access keys themselves.
namespace coffer::core {
namespace {

constexpr Seconds least_session{60}, most_session{12 * 3600};

Transaction& ring_of(const Caller& c) { return spaces_of(c).write(access_key_space(c.tenant)); }

// A key of the mount that was asked; others are not seen.
Result<std::optional<AccessKey>> key_of(const Caller& c, std::string_view id) {
  const Exchange& x = exchange_of(c);
  auto key = TRY(find_access_key(spaces_of(c).read(access_key_space(c.tenant)), id));
  if (key && key->mount != x.mount->entry.uuid) key.reset();
  return key;
}
Result<AccessKey> known_key(const Caller& c, std::string_view id) {
  auto key = TRY(key_of(c, id));
  if (!key) return fail(Code::not_found, "no access key has this id on this mount");
  return *std::move(key);
}

CreatedKey shown(const AccessKey& key) { return {key.id, key.secret.clone(), key.user, key.token_accessor}; }

}  // namespace

std::vector<schema::Endpoint> AccessKeyBackend::endpoints() {
  using schema::Access;
  using schema::Verb;
  using T = AccessKeyBackend;
  std::vector<schema::Endpoint> out;
  out.push_back(schema::at("keys", "Access keys.")
                    .on(Verb::list, this, &T::list_keys, "Lists the keys.")
                    .on(Verb::write, this, &T::create_key, "Makes a key for a user."));
  out.push_back(schema::at("keys/{access_key_id}", "An access key.")
                    .on(Verb::read, this, &T::read_key, "Shows a key, without its secret.")
                    .on(Verb::write, this, &T::change_key, "Disables or enables a key, or describes it anew.")
                    .on(Verb::remove, this, &T::delete_key, "Deletes a key and revokes its token."));
  out.push_back(schema::at("keys/{access_key_id}/rotate", "A new secret.")
                    .on(Verb::write, this, &T::rotate_key, "Gives a key a new secret; the old one is of no use any more."));
  out.push_back(schema::at("roles", "Roles for sessions.").on(Verb::list, this, &T::list_roles, "Lists the roles."));
  out.push_back(schema::at("roles/{name}", "A role that AssumeRole gives.")
                    .on(Verb::read, this, &T::read_role, "Shows a role.")
                    .on(Verb::write, this, &T::write_role, "Makes or changes a role.")
                    .on(Verb::remove, this, &T::delete_role, "Deletes a role, and with it its sessions."));
  out.push_back(schema::at("credentials", "Session credentials of the caller's token.")
                    .on(Verb::write, this, &T::session, "Makes session credentials that act for the caller's token.")
                    .on_action("coffer:ContainerCredentials", Verb::read, this, &T::container,
                               "The same in the form of the SDKs' container provider.", Access::optional));
  out.push_back(schema::at("identity", "Who asks.")
                    .on_action("sts:GetCallerIdentity", Verb::read, this, &T::identity, "Says who the caller is.", Access::optional));
  out.push_back(schema::at("assume/{role}", "Sessions of a role.")
                    .on_action("sts:AssumeRole", Verb::write, this, &T::assume, "Gives session credentials of a role.")
                    .grants(this, &T::may_assume));
  out.push_back(schema::at("web-identity/{role}", "Sessions of a role, for web identities.")
                    .on_action("sts:AssumeRoleWithWebIdentity", Verb::write, this, &T::assume_by_web,
                               "Gives session credentials of a role for a signed web token.", Access::anyone)
                    .heavy());
  return out;
}

Result<schema::Keys> AccessKeyBackend::list_keys(const Caller& c, const Snapshot&, const schema::NoMembers&) {
  const Exchange& x = exchange_of(c);
  const Snapshot& ring = spaces_of(c).read(access_key_space(c.tenant));
  schema::Keys out;
  std::string info;
  json::Writer w(info);
  w.begin_object();
  std::string after;
  for (;;) {
    const auto ids = TRY(access_keys_of(ring, x.mount->entry.uuid, after, 1000));
    for (const std::string& id : ids) {
      const auto key = TRY(find_access_key(ring, id));
      if (!key) continue;
      out.keys.push_back(id);
      w.key(id)
          .begin_object()
          .key("user")
          .string(key->user)
          .key("disabled")
          .boolean(key->disabled)
          .key("created")
          .string(rfc3339(key->created))
          .end_object();
    }
    if (ids.size() < 1000) break;
    after = ids.back();
  }
  w.end_object();
  if (!out.keys.empty()) out.key_info = std::move(info);
  return out;
}

Result<CreatedKey> AccessKeyBackend::create_key(const Caller& c, Transaction&, const CreateKey& in) {
  CHECK_OK(check_aws_name(in.user, "user"));
  for (const std::string& block : in.token_bound_cidrs.items) CHECK_OK(check_cidr(block));
  CHECK_OK(check_identity_policy(in.policy_document));
  Exchange& x = exchange_of(c);
  KeyToken wanted;
  wanted.principal = "user/" + in.user;
  wanted.display_name = in.user;
  wanted.alias_name = in.user;
  wanted.policies = in.token_policies.items;
  wanted.no_default_policy = in.token_no_default_policy;
  wanted.bound_cidrs = in.token_bound_cidrs.items;
  wanted.ttl = in.token_ttl;
  const token::Record token = TRY(issue_key_token(x, spaces_of(c), wanted));
  AccessKey key;
  key.id = make_key_id("AKIA", system_.random);
  key.secret = make_key_secret(system_.random);
  key.token_id = token.id;
  key.token_accessor = token.accessor;
  key.mount = x.mount->entry.uuid;
  key.user = in.user;
  key.description = in.description;
  key.policy_document = in.policy_document;
  key.created = c.now;
  CHECK_OK(put_access_key(ring_of(c), key));
  return shown(key);
}

Result<std::optional<KeyInfo>> AccessKeyBackend::read_key(const Caller& c, const Snapshot&, const KeyId& in) {
  const auto key = TRY(key_of(c, in.access_key_id));
  if (!key) return std::optional<KeyInfo>{};
  KeyInfo out;
  out.access_key_id = key->id;
  out.user = key->user;
  out.description = key->description;
  out.policy_document = key->policy_document;
  out.disabled = key->disabled;
  out.created = key->created;
  if (key->rotated != Time()) out.rotated = key->rotated;
  out.last_used = exchange_of(c).runtime->access_keys().last_use(key->id);
  if (!out.last_used) out.last_used = TRY(stored_use(spaces_of(c).read(access_key_space(c.tenant)), key->id));
  out.token_accessor = key->token_accessor;
  const auto token = TRY(token::find(spaces_of(c).read(token::space(c.tenant)), key->token_id));
  out.alive = token && !token->expired(c.now);
  if (token) out.policies = token->policies;
  if (token && token->expire != Time()) out.expires = token->expire;
  return std::optional(std::move(out));
}

Result<schema::Nothing> AccessKeyBackend::change_key(const Caller& c, Transaction&, const ChangeKey& in) {
  AccessKey key = TRY(known_key(c, in.access_key_id));
  if (in.disabled) key.disabled = *in.disabled;
  if (in.description) key.description = *in.description;
  if (in.policy_document) {
    CHECK_OK(check_identity_policy(*in.policy_document));
    key.policy_document = *in.policy_document;
  }
  CHECK_OK(put_access_key(ring_of(c), key));
  return schema::Nothing{};
}

Result<CreatedKey> AccessKeyBackend::rotate_key(const Caller& c, Transaction&, const KeyId& in) {
  AccessKey key = TRY(known_key(c, in.access_key_id));
  key.secret = make_key_secret(system_.random);
  key.rotated = c.now;
  CHECK_OK(put_access_key(ring_of(c), key));
  return shown(key);
}

Result<schema::Nothing> AccessKeyBackend::delete_key(const Caller& c, Transaction&, const KeyId& in) {
  const auto key = TRY(key_of(c, in.access_key_id));
  if (!key) return schema::Nothing{};
  erase_access_key(ring_of(c), *key);
  // The token of the user's other credentials is another one; sessions that this one made end with it. A large tree is dead at once, and expiry clears it.
  if (TRY(token::find(spaces_of(c).read(token::space(c.tenant)), key->token_id)))
    (void)TRY(revoke_step(spaces_of(c), *exchange_of(c).mounts, key->token_id));
  return schema::Nothing{};
}

Result<SessionCredentials> session_of(const token::Record& token, Seconds ttl, Runtime& runtime) {
  if (token.wrapping) return fail(Code::permission_denied, "permission denied");
  if (token.kind == token::Kind::batch) return invalid("batch tokens have no session credentials: make a service token");
  const Time now = runtime.clock().now();
  Time end = now + std::clamp(ttl, least_session, most_session);
  if (token.expire != Time()) end = std::min(end, token.expire);
  return make_session(runtime.keys(), token.id, end, runtime.random());
}

Result<SessionReply> AccessKeyBackend::session(const Caller& c, const Snapshot&, const WantedSession& in) {
  const Exchange& x = exchange_of(c);
  auto made = TRY(session_of(x.token->record, in.ttl, *x.runtime));
  return SessionReply{std::move(made.key_id), std::move(made.secret), SecretBytes::copy_of(made.session_token), made.expires};
}

std::unique_ptr<Backend> make_access_key_backend(System& system) { return std::make_unique<AccessKeyBackend>(system); }

}  // namespace coffer::core
