#include "auth/approle/approle.h"
#include "auth/approle/backend.h"
#include "base/cidr.h"

// Logging in, and renewing what a login gave.
namespace coffer::approle {
namespace {

// One answer to every wrong credential (C06): it tells not which part was wrong.
std::unexpected<Error> refused() { return fail(Code::bad_credentials, "invalid role or secret ID"); }

// A Unix socket has no address: its peer is on this machine.
bool allowed(const std::vector<std::string>& blocks, std::string_view address) {
  return blocks.empty() || cidr_list_contains(blocks, address.empty() ? "127.0.0.1" : address);
}

// Takes one use; the last one ends the secret id. An unlimited one is left as it is, so that its logins do not conflict.
Result<void> take_use(Transaction& view, const Role& role, std::string_view key, SecretId& secret, Time now) {
  if (secret.num_uses == 0) return {};
  if (--secret.uses_left == 0) {
    erase_secret(view, role, key, secret);
    return {};
  }
  secret.updated = now;
  return save_secret(view, role, key, secret);
}

struct Entry {
  NormalizedName name;
  Role role;
};
Result<std::optional<Entry>> find_role(const Snapshot& view, const IdHash* hash, std::string_view role_id) {
  if (hash == nullptr) return std::optional<Entry>();
  const auto name = TRY(role_of(view, *hash, role_id));
  if (!name) return std::optional<Entry>();
  auto role = TRY(load_role(view, *name));
  if (!role) return std::optional<Entry>();
  return std::optional(Entry{*name, *std::move(role)});
}

}  // namespace

Result<schema::Login> Approle::login(const Caller& caller, Transaction& view, const TryLogin& in) {
  if (in.role_id.empty()) return invalid("missing role_id");
  const auto hash = TRY(load_hash(view));
  auto found = TRY(find_role(view, hash.get(), in.role_id));
  if ((!found || found->role.bind_secret_id) && in.secret_id.empty()) return invalid("missing secret_id");
  if (!found) return refused();
  Role& role = found->role;
  if (!allowed(role.secret_id_bound_cidrs.items, caller.remote_address) ||
      !allowed(role.token.token_bound_cidrs.items, caller.remote_address))
    return refused();
  schema::Login out;
  if (role.bind_secret_id) {
    const std::string key = hash->of_secret_id(in.secret_id.reveal_text());
    auto secret = TRY(load_secret(view, role, key, caller.now));
    if (!secret || !allowed(secret->cidr_list, caller.remote_address) || !allowed(secret->token_bound_cidrs, caller.remote_address))
      return refused();
    CHECK_OK(take_use(view, role, key, *secret, caller.now));
    out.metadata = std::move(secret->metadata);
    if (!secret->token_bound_cidrs.empty()) role.token.token_bound_cidrs.items = std::move(secret->token_bound_cidrs);
  }
  out.metadata.insert_or_assign("role_name", found->name.str());
  out.alias_metadata = out.metadata;
  out.alias_name = role.role_id;
  out.internal = role.generation + "/" + found->name.str();
  out.token = std::move(role.token);
  return out;
}

// The role must still be there, the same one and not a new one of its name.
Result<schema::TokenParameters> Approle::renew_login(const Caller&, const Snapshot& view, const LoginRecord& login) {
  const std::size_t slash = login.internal.find('/');
  if (slash == login.internal.npos) return fail(Code::internal, "this token does not say which role made it");
  const auto name = TRY(NormalizedName::from(login.internal.substr(slash + 1)));
  auto role = TRY(load_role(view, name));
  if (!role || role->generation != login.internal.substr(0, slash))
    return fail(Code::permission_denied, "role \"" + name.str() + "\" does not exist during renewal");
  return std::move(role->token);
}

std::vector<schema::Endpoint> Approle::endpoints() {
  std::vector<schema::Endpoint> out;
  out.push_back(schema::at("login", "Login.")
                    .on(schema::Verb::write, this, &Approle::login, "Logs in by role id and secret id.", schema::Access::anyone)
                    .locks_out<&TryLogin::role_id>());
  add_role_endpoints(out);
  add_part_endpoints(out);
  add_secret_id_endpoints(out);
  return out;
}

std::string_view Approle::help() const {
  return "The approle auth method: role/<name> keeps roles of machines; login gives a token for a role id and a secret id.";
}

}  // namespace coffer::approle

namespace coffer {
std::unique_ptr<Backend> make_approle(const BackendServices& services) { return std::make_unique<approle::Approle>(services); }
}  // namespace coffer
