#include "identity/store.h"

#include "base/encoding.h"

namespace coffer::identity {
namespace {

// The name is the auth method's, and may hold a slash: hexadecimal keeps it in one segment.
std::string alias_key(std::string_view accessor, std::string_view name) { return std::string("alias/").append(accessor).append("/") + hex_encode(name); }

std::string name_key(std::string_view name) { return "name/" + hex_encode(ascii_lower(name)); }
std::string alias_id_key(std::string_view id) { return std::string("alias-id/").append(id); }

// The entity whose id an index holds under that key.
Result<std::optional<Entity>> find_through(const Snapshot& identity, const std::string& key) {
  const auto id = TRY(identity.get(key));
  if (!id) return std::optional<Entity>{};
  return find(identity, id->reveal_text());
}

Result<void> put(Transaction& identity, const Entity& entity) { return identity.put("entity/" + entity.id, schema::to_json(entity)); }

}  // namespace

Result<std::optional<Entity>> find(const Snapshot& identity, std::string_view id) {
  if (id.empty()) return std::optional<Entity>{};
  const auto text = TRY(identity.get(std::string("entity/").append(id)));
  if (!text) return std::optional<Entity>{};
  return std::optional<Entity>(TRY(schema::from_json<Entity>(text->reveal_text())));
}

Result<std::optional<Entity>> find_by_alias(const Snapshot& identity, std::string_view mount_accessor, std::string_view name) {
  return find_through(identity, alias_key(mount_accessor, name));
}

Result<std::optional<Entity>> find_by_name(const Snapshot& identity, std::string_view name) {
  return find_through(identity, name_key(name));
}

Result<std::optional<Entity>> find_by_alias_id(const Snapshot& identity, std::string_view alias_id) {
  if (alias_id.empty()) return std::optional<Entity>{};
  return find_through(identity, alias_id_key(alias_id));
}

Result<Entity> at_login(Transaction& identity, const LoginAlias& login, Time now, Random& random) {
  auto entity = TRY(find_by_alias(identity, login.mount_accessor, login.name));
  if (entity) {
    for (Alias& alias : entity->aliases) {
      if (alias.mount_accessor != login.mount_accessor || alias.name != login.name || alias.metadata == login.metadata) continue;
      alias.metadata = login.metadata;
      alias.last_update_time = now;
      CHECK_OK(put(identity, *entity));
    }
    return *std::move(entity);
  }
  Entity made;
  made.id = make_uuid(random);
  made.name = "entity_" + make_uuid(random).substr(0, 8);
  made.creation_time = made.last_update_time = now;
  made.aliases.push_back({make_uuid(random), std::string(login.name), std::string(login.mount_accessor), std::string(login.mount_type),
                          std::string(login.mount_path), login.metadata, {}, now, now});
  CHECK_OK(put(identity, made));
  CHECK_OK(identity.put(alias_key(login.mount_accessor, login.name), made.id));
  CHECK_OK(identity.put(alias_id_key(made.aliases.front().id), made.id));
  CHECK_OK(identity.put(name_key(made.name), made.id));
  return made;
}

policy::IdentityContext context_of(const Entity& entity) {
  policy::IdentityContext out;
  out.entity_id = entity.id;
  out.entity_name = entity.name;
  const auto pairs = [](const schema::StringMap& map) { return std::vector<std::pair<std::string, std::string>>(map.begin(), map.end()); };
  out.metadata = pairs(entity.metadata);
  for (const Alias& alias : entity.aliases)
    out.aliases.push_back({alias.mount_accessor, alias.id, alias.name, pairs(alias.metadata), pairs(alias.custom_metadata)});
  return out;
}

}  // namespace coffer::identity
