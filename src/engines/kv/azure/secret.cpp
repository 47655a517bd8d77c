#include "engines/kv/azure/secret.h"

#include <algorithm>

#include "base/encoding.h"
#include "engines/kv/aws/facet.h"

namespace coffer::kv::azure {
namespace {

constexpr std::uint64_t walked = 100;  // versions that a look for an id of old reads

std::string dashed(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out.push_back('-');
    out.push_back(hex[i]);
  }
  return out;
}

// The number of the version with that id, or 0.
Result<std::uint64_t> seq_of(const Snapshot& view, const Secret& secret, const std::string& id) {
  const Object& object = secret.object();
  if (id_of(object.current) == id) return object.current.seq;
  const auto matches = [&](std::uint64_t seq) -> Result<bool> {
    const auto version = TRY(load_version(view, secret.path, object, seq));
    return version && id_of(version->version) == id;
  };
  const std::string uuid = dashed(id);
  if (const std::uint64_t seq = aws::seq_of_uuid(uuid); seq != 0 && TRY(matches(seq))) return seq;
  // AWS's clients name versions themselves.
  if (const std::uint64_t seq = TRY(seq_of_token(view, secret.path, uuid)); seq != 0 && TRY(matches(seq))) return seq;
  const std::uint64_t least = std::max(object.first(), object.last() < walked ? 1 : object.last() - walked + 1);
  for (std::uint64_t seq = object.last(); seq >= least; --seq)
    if (TRY(matches(seq))) return seq;
  return 0;
}

}  // namespace

std::string_view name_of(const Caller& caller, std::string_view path) {
  const std::string& prefix = caller.scope->name_prefix;
  if (path.starts_with(prefix)) path.remove_prefix(prefix.size());
  return path;
}

Result<Vault> open_vault(const Caller& caller, const Snapshot& view) {
  Vault vault = TRY(load_vault(caller, view));
  if (vault.deleted()) return no_such_vault();
  return vault;
}

Result<std::optional<Secret>> look(const Caller& caller, const Snapshot& view, std::string_view path, std::string_view area,
                                   schema::Verb verb) {
  std::optional<Secret> out(std::in_place);
  out->path = path;
  out->name = name_of(caller, path);
  CHECK_OK(check_name(out->name));
  if (TRY(load_into(view, path, caller.now, nullptr, out->loaded))) return out;
  for (const std::string& other : TRY(other_spellings(view, path))) {
    if (!other.starts_with(caller.scope->name_prefix)) continue;
    out->loaded = {};
    if (!TRY(load_into(view, other, caller.now, nullptr, out->loaded))) continue;
    const std::string whole = caller.mount->path + std::string(area) + "/" + other;
    if (caller.authority == nullptr || !caller.authority->allows(whole, verb)) return fail(Code::permission_denied, "permission denied");
    out->path = other;
    out->name = name_of(caller, other);
    return out;
  }
  return std::optional<Secret>();
}

bool shows(const Version& version, Time now) { return version.seq != 0 && !version.destroyed && !version.deleted(now); }
bool shows(const Object& object, Time now) { return object.state == State::active && shows(object.current, now); }

std::string id_of(const Version& version) {
  std::string out(version.uuid.empty() ? std::string_view() : version.uuid);
  if (out.empty()) out = aws::version_id(version);
  std::erase(out, '-');
  return out;
}

Result<std::optional<LoadedVersion>> find_version(const Snapshot& view, const Secret& secret, std::string_view id, Time now) {
  std::optional<LoadedVersion> out;
  const std::string wanted = ascii_lower(id);
  const std::uint64_t seq = wanted.empty() ? secret.object().current.seq : wanted.size() == 32 ? TRY(seq_of(view, secret, wanted)) : 0;
  if (seq == 0) return out;
  out = TRY(load_version(view, secret.path, secret.object(), seq));
  if (out && !shows(out->version, now)) out.reset();
  if (out) CHECK_OK(load_bytes(view, secret.path, *out));
  return out;
}

std::string url_of(const Caller& caller, std::string_view collection, std::string_view name, std::string_view version) {
  std::string out = caller.scope->account;
  out.append("/").append(collection).append("/").append(name);
  if (!version.empty()) out.append("/").append(version);
  return out;
}

Attributes attributes_of(const Vault& vault, const Version& version) {
  Attributes out;
  out.enabled = version.enabled;
  out.not_before.value = version.not_before;
  out.expires.value = version.expires;
  out.created = unix_seconds(version.created);
  out.updated = unix_seconds(version.updated);
  out.recovery_level = vault.recovery_level();
  out.recoverable_days = vault.soft_delete_days;
  return out;
}

Deletion deletion_of(const Caller& caller, const Secret& secret) {
  Deletion out;
  if (secret.object().state != State::deleted) return out;
  out.recovery_id.value = url_of(caller, "deletedsecrets", secret.name);
  out.deleted.value = unix_seconds(secret.object().deleted_at);
  out.purge.value = unix_seconds(secret.object().purge_at);
  return out;
}

Kept<Bundle> bundle(const Caller& caller, const Vault& vault, Secret secret, LoadedVersion version) {
  const Version& v = version.version;
  Kept<Bundle> out;
  out.view.id = url_of(caller, "secrets", secret.name, id_of(v));
  if (!v.content_type.empty()) out.view.content_type.value = v.content_type;
  out.view.attributes = attributes_of(vault, v);
  if (!v.tags.empty()) out.view.tags.value = v.tags;
  out.view.deletion = deletion_of(caller, secret);
  out.first = std::move(secret.loaded.record);
  out.second = std::move(version.record);
  out.third = std::move(version.bytes);
  return out;
}

}  // namespace coffer::kv::azure
