#include "auth/approle/store.h"

#include <set>

#include "base/encoding.h"

namespace coffer::approle {
namespace {

constexpr std::size_t at_once = 1000;      // keys that one transaction may erase
constexpr std::size_t tidy_at_once = 300;  // secret ids that one transaction of a tidy pass looks at

std::string role_key(const NormalizedName& name) { return "role/" + name.str(); }
std::string id_key(const std::string& hash) { return "id/" + hash; }
std::string gone_key(std::string_view generation) { return "gone/" + std::string(generation); }

// Erases what is left of deleted roles' marks once their secret ids are gone.
Result<void> forget_gone_roles(Transaction& view) {
  for (const std::string& generation : TRY(view.children("gone/", '\0', "", at_once)))
    if (TRY(view.children("secret/" + generation + "/", '\0', "", 1)).empty()) view.erase(gone_key(generation));
  return {};
}

}  // namespace

std::string IdHash::of_role_id(std::string_view role_id) const { return hex_encode(crypto::as_text(mac_.mac({"role", role_id}))); }
std::string IdHash::of_secret_id(std::string_view secret_id) const { return hex_encode(crypto::as_text(mac_.mac({"secret", secret_id}))); }

Result<std::unique_ptr<IdHash>> load_hash(const Snapshot& view) {
  const auto key = TRY(view.get("key"));
  if (!key) return std::unique_ptr<IdHash>();
  return std::make_unique<IdHash>(key->reveal());
}

Result<std::unique_ptr<IdHash>> load_or_make_hash(Transaction& view, Random& random) {
  if (auto hash = TRY(load_hash(view))) return hash;
  SecretBytes key(32);
  random.fill(key.writable());
  CHECK_OK(view.put("key", key.reveal_text()));
  return std::make_unique<IdHash>(key.reveal());
}

Result<std::optional<Role>> load_role(const Snapshot& view, const NormalizedName& name) {
  const auto record = TRY(view.get(role_key(name)));
  if (!record) return std::optional<Role>();
  return std::optional(TRY(decode_role(record->reveal_text())));
}

Result<Role> require_role(const Snapshot& view, const NormalizedName& name) {
  auto role = TRY(load_role(view, name));
  if (!role) return fail(Code::not_found, "role \"" + name.str() + "\" does not exist");
  return *std::move(role);
}

Result<void> save_role(Transaction& view, const NormalizedName& name, const Role& role) { return view.put(role_key(name), encode(role)); }

Result<void> set_role_id(Transaction& view, const IdHash& hash, const NormalizedName& name, Role& role, std::string role_id) {
  // Failed logins are counted by the normal spelling of the role id, so it must have one.
  if (!NormalizedName::from(role_id)) return invalid("role_id must be at most 512 printable characters, without a space at either end");
  const std::string key = id_key(hash.of_role_id(role_id));
  const auto owner = TRY(view.get(key));
  if (owner && owner->reveal_text() != name.view()) return invalid("role_id is in use by another role");
  if (!role.role_id.empty()) view.erase(id_key(hash.of_role_id(role.role_id)));
  role.role_id = std::move(role_id);
  return view.put(key, name.view());
}

Result<void> delete_role(Transaction& view, const IdHash& hash, const NormalizedName& name, const Role& role) {
  view.erase(role_key(name));
  view.erase(id_key(hash.of_role_id(role.role_id)));
  const std::string secrets = secret_key(role, ""), accessors = accessor_key(role, "");
  const auto names = TRY(view.children(secrets, '\0', "", at_once + 1));
  if (names.size() > at_once) return view.put(gone_key(role.generation), "1");  // tidy erases them
  for (const std::string& secret : names) view.erase(secrets + secret);
  for (const std::string& accessor : TRY(view.children(accessors, '\0', "", at_once + 1))) view.erase(accessors + accessor);
  return {};
}

Result<std::optional<NormalizedName>> role_of(const Snapshot& view, const IdHash& hash, std::string_view role_id) {
  const auto name = TRY(view.get(id_key(hash.of_role_id(role_id))));
  if (!name) return std::optional<NormalizedName>();
  return std::optional(TRY(NormalizedName::from(name->reveal_text())));
}

std::string secret_key(const Role& role, std::string_view secret_hash) {
  return std::string("secret/").append(role.generation).append("/").append(secret_hash);
}
std::string accessor_key(const Role& role, std::string_view accessor) {
  return std::string("accessor/").append(role.generation).append("/").append(accessor);
}

Result<std::optional<SecretId>> load_secret(const Snapshot& view, const Role& role, std::string_view secret_hash, Time now) {
  const auto record = TRY(view.get(secret_key(role, secret_hash)));
  if (!record) return std::optional<SecretId>();
  auto secret = TRY(decode_secret(record->reveal_text()));
  if (secret.expired(now)) return std::optional<SecretId>();
  return std::optional(std::move(secret));
}

Result<std::optional<std::string>> hash_of_accessor(const Snapshot& view, const Role& role, std::string_view accessor) {
  // An accessor is one segment: a slash would name another key.
  if (accessor.empty() || accessor.find('/') != accessor.npos) return std::optional<std::string>();
  const auto hash = TRY(view.get(accessor_key(role, accessor)));
  if (!hash) return std::optional<std::string>();
  return std::optional(std::string(hash->reveal_text()));
}

Result<void> save_secret(Transaction& view, const Role& role, std::string_view secret_hash, const SecretId& secret) {
  return view.put(secret_key(role, secret_hash), encode(secret));
}

void erase_secret(Transaction& view, const Role& role, std::string_view secret_hash, const SecretId& secret) {
  view.erase(secret_key(role, secret_hash));
  view.erase(accessor_key(role, secret.accessor));
}

Result<bool> tidy_some(Transaction& view, Time now) {
  const auto stopped = TRY(view.get("tidy"));
  const std::string from = stopped ? std::string(stopped->reveal_text()) : std::string();
  const auto names = TRY(view.children("secret/", '\0', from, tidy_at_once));  // "<generation>/<hash>"
  for (const std::string& name : names) {
    const auto record = TRY(view.get("secret/" + name));
    if (!record) continue;
    const SecretId secret = TRY(decode_secret(record->reveal_text()));
    Role role;
    role.generation = name.substr(0, name.find('/'));
    if (!secret.expired(now) && !TRY(view.get(gone_key(role.generation)))) continue;
    erase_secret(view, role, name.substr(role.generation.size() + 1), secret);
  }
  if (names.size() == tidy_at_once) {
    CHECK_OK(view.put("tidy", names.back()));
    return false;
  }
  if (stopped) view.erase("tidy");
  CHECK_OK(forget_gone_roles(view));
  return true;
}

}  // namespace coffer::approle
