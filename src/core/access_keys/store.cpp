#include "core/access_keys/store.h"

#include "core/access_keys/principal.h"
#include "core/access_keys/roles.h"
#include "core/runtime.h"
#include "core/spaces.h"

namespace coffer::core {
namespace {

std::string id_key(std::string_view id) { return std::string(key_mark).append(id); }
std::string used_key(std::string_view id) { return std::string("used/").append(id); }
std::string mount_key(std::string_view mount, std::string_view id) { return std::string("mount/").append(mount).append("/").append(id); }

// A member of the metadata that a login method of this type wrote; "" where another did. Whoever may make a token, or a secret id, may write any
// metadata into it: only what the method itself vouches for says who somebody is.
std::string_view vouched(const token::Record& token, std::string_view method, std::string_view member) {
  const std::string_view accessor = token.mount_accessor;
  constexpr std::string_view head = "auth_";
  if (!accessor.starts_with(head) || !accessor.substr(head.size()).starts_with(method) || accessor.substr(head.size() + method.size(), 1) != "_") return {};
  for (const auto& [key, value] : token.meta)
    if (key == member) return value;
  return {};
}

// The first that is not empty.
std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts)
    if (!text.empty()) return text;
  return {};
}

// A part of an ARN: what AWS takes in names stands as it is, all else and the mark itself as "=3A".
void append_part(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("+,.@_-").find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'=', digits[byte >> 4U], digits[byte & 15U]});
  }
}

void append_user(std::string& out, const token::Record& token) {
  if (token.mount_accessor.empty()) {
    out.append("user/token/").append(token.id, 0, 20);
    return;
  }
  // A log-in's display name is "<mount>-<name>": which dash parts them is told by the alias.
  std::string_view mount = token.display_name;
  if (const std::string& alias = token.alias_name; !alias.empty() && mount.size() > alias.size() + 1 && mount.ends_with(alias) && mount[mount.size() - alias.size() - 1] == '-')
    mount.remove_suffix(alias.size() + 1);
  out.append("user/");
  append_part(out, mount);
  if (token.alias_name.empty()) return;
  out.push_back('/');
  append_part(out, token.alias_name);
}

}  // namespace

std::string principal_arn(const ActionScope& scope, const token::Record& token) {
  // Azure's clients know an application and an object: a role id is an application's.
  if (scope.partition.empty()) {
    const auto claim = [&](std::string_view name) { return vouched(token, "azure-apps", name); };
    return std::string("appid=")
        .append(first_of({claim("appid"), claim("azp"), token.alias_name, token.display_name}))
        .append(";oid=")
        .append(first_of({claim("oid"), token.entity_id}));
  }
  const std::string_view name = vouched(token, "aws-keys", principal_meta);
  std::string out = "arn:" + scope.partition + (name.starts_with("assumed-role/") ? ":sts::" : ":iam::") + scope.account + ":";
  if (!name.empty()) return out.append(name);
  if (token.root()) return out.append("root");
  append_user(out, token);
  return out;
}

std::string make_key_id(std::string_view kind, Random& random) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::array<std::byte, 16> bytes{};
  random.fill(bytes);
  std::string out(kind);
  for (const std::byte b : bytes) out.push_back(alphabet[static_cast<std::size_t>(b) % alphabet.size()]);
  return out;
}

SecretBytes make_key_secret(Random& random) {
  std::string text = make_base62(40, random);
  SecretBytes out = SecretBytes::copy_of(text);
  wipe(text);
  return out;
}

bool is_key_id(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return text.size() >= 4 && text.size() <= 128 && std::all_of(text.begin(), text.end(), fits);
}

Result<std::optional<AccessKey>> find_access_key(const Snapshot& keys, std::string_view id) {
  if (!is_key_id(id)) return std::optional<AccessKey>{};
  const auto text = TRY(keys.get(id_key(id)));
  if (!text) return std::optional<AccessKey>{};
  return std::optional<AccessKey>(TRY(schema::from_json<AccessKey>(text->reveal_text())));
}

Result<void> put_access_key(Transaction& keys, const AccessKey& key) {
  std::string text = schema::to_json(key);
  auto put = keys.put(id_key(key.id), text);
  wipe(text);
  CHECK_OK(put);
  return keys.put(mount_key(key.mount, key.id), "");
}

void erase_access_key(Transaction& keys, const AccessKey& key) {
  keys.erase(id_key(key.id));
  keys.erase(mount_key(key.mount, key.id));
  keys.erase(used_key(key.id));
}

Result<std::vector<std::string>> access_keys_of(const Snapshot& keys, std::string_view mount, std::string_view after, std::size_t limit) {
  return keys.children(mount_key(mount, ""), '\0', after, limit);
}

Result<std::optional<Time>> stored_use(const Snapshot& keys, std::string_view id) {
  const auto text = TRY(keys.get(used_key(id)));
  if (!text) return std::optional<Time>{};
  return std::optional(Time(Seconds(std::strtoll(std::string(text->reveal_text()).c_str(), nullptr, 10))));
}

Result<void> forget_access_keys(Runtime& runtime, std::string_view mount) {
  for (bool more = true; more;) {
    auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
      Transaction& keys = spaces.write(access_key_space(root_tenant));
      constexpr std::size_t at_once = 500;
      const auto ids = TRY(access_keys_of(keys, mount, "", at_once));
      AccessKey gone;
      gone.mount = mount;
      for (const std::string& id : ids) {
        gone.id = id;
        erase_access_key(keys, gone);
      }
      const auto roles = TRY(key_roles_of(keys, mount, "", at_once));
      for (const std::string& name : roles) erase_key_role(keys, role_key(mount, name));
      more = ids.size() == at_once || roles.size() == at_once;
      return {};
    });
    if (!done) return std::unexpected(std::move(done).error());
  }
  return {};
}

}  // namespace coffer::core
