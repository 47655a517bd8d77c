#include "backend/listing.h"
#include "core/system.h"
#include "identity/store.h"

namespace coffer::core {
namespace {

using identity::Alias;
using identity::Entity;
using schema::field;
using schema::Verb;

struct Id {
  std::string id;
  static constexpr auto fields() { return schema::Fields{schema::path<&Id::id>("id", "Its id.")}; }
};
struct EntityName {
  std::string name;
  static constexpr auto fields() { return schema::Fields{schema::path<&EntityName::name>("name", "Name of the entity.")}; }
};
struct Lookup {
  std::string id, name, alias_id, alias_name, alias_mount_accessor;
  static constexpr auto fields() {
    using T = Lookup;
    return schema::Fields{field<&T::id>("id", "Id of the entity.").open(), field<&T::name>("name", "Or its name."),
                      field<&T::alias_id>("alias_id", "Or the id of one of its aliases.").open(),
                      field<&T::alias_name>("alias_name", "Or the name of one, with alias_mount_accessor."),
                      field<&T::alias_mount_accessor>("alias_mount_accessor", "Accessor of the alias's auth mount.").open()};
  }
};
// An alias as clients know it, beside its entity's id.
struct AliasReply {
  std::string canonical_id;
  Alias alias;
  bool local = false;
  std::optional<std::vector<std::string>> merged_from_canonical_ids;
  static constexpr auto fields() {
    using T = AliasReply;
    return schema::Fields{field<&T::canonical_id>("canonical_id", "Id of its entity.").open(), schema::inlined<&T::alias>(),
                      field<&T::local>("local", "Always false.").open(),
                      field<&T::merged_from_canonical_ids>("merged_from_canonical_ids", "Entities that it came from by a merge.").open()};
  }
};
struct EntityReply {
  std::vector<AliasReply> aliases;
  Time creation_time{};
  std::vector<std::string> direct_group_ids;
  bool disabled = false;
  std::vector<std::string> group_ids;
  std::string id;
  std::vector<std::string> inherited_group_ids;
  Time last_update_time{};
  std::optional<std::vector<std::string>> merged_entity_ids;
  schema::StringMap metadata;
  std::string name, namespace_id = "root";
  std::vector<std::string> policies;
  static constexpr auto fields() {
    using T = EntityReply;
    return schema::Fields{field<&T::aliases>("aliases", "Its aliases, one per auth mount and user."),
                      field<&T::creation_time>("creation_time", "When it was made.").open(),
                      field<&T::direct_group_ids>("direct_group_ids", "Groups that it is a member of.").open(),
                      field<&T::disabled>("disabled", "True when its tokens are refused.").open(),
                      field<&T::group_ids>("group_ids", "All its groups.").open(),
                      field<&T::id>("id", "Its id.").open(),
                      field<&T::inherited_group_ids>("inherited_group_ids", "Groups that its groups are members of.").open(),
                      field<&T::last_update_time>("last_update_time", "When it was last changed.").open(),
                      field<&T::merged_entity_ids>("merged_entity_ids", "Entities that were merged into it.").open(),
                      field<&T::metadata>("metadata", "What operators wrote."),
                      field<&T::name>("name", "Its name."),
                      field<&T::namespace_id>("namespace_id", "Its namespace.").open(),
                      field<&T::policies>("policies", "Policies of every token of the entity.").open()};
  }
};

std::vector<AliasReply> show_aliases(const Entity& entity) {
  std::vector<AliasReply> out;
  for (const Alias& alias : entity.aliases) out.push_back({entity.id, alias, false, {}});
  return out;
}

std::optional<EntityReply> show(std::optional<Entity> found) {
  if (!found) return {};
  Entity& e = *found;
  EntityReply out;
  out.aliases = show_aliases(e);
  out.creation_time = e.creation_time;
  out.disabled = e.disabled;
  out.id = std::move(e.id);
  out.last_update_time = e.last_update_time;
  out.metadata = std::move(e.metadata);
  out.name = std::move(e.name);
  out.policies = std::move(e.policies);
  return out;
}

// What a list tells of an alias.
void brief(json::Writer& w, const Alias& a, std::string_view entity_id) {
  w.key("canonical_id").string(entity_id).key("id").string(a.id).key("mount_accessor").string(a.mount_accessor);
  w.key("mount_path").string(a.mount_path).key("mount_type").string(a.mount_type).key("name").string(a.name);
}

// The beginning of identity/: entities are made at logins and read by id, name and alias; writing them has its own issue.
class IdentityBackend final : public Backend {
 public:
  std::vector<schema::Endpoint> endpoints() override {
    using T = IdentityBackend;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("entity/id", "All entities.").on(Verb::list, this, &T::list, "Lists the ids of all entities.").heavy());
    out.push_back(schema::at("entity/id/{id}", "One entity.").on(Verb::read, this, &T::read, "Reads an entity."));
    out.push_back(schema::at("entity/name", "All entities, by name.")
                      .on(Verb::list, this, &T::list_names_of_all, "Lists the names of all entities.")
                      .heavy());
    out.push_back(schema::at("entity/name/{name}", "One entity, by its name.").on(Verb::read, this, &T::read_by_name, "Reads an entity."));
    out.push_back(
        schema::at("entity-alias/id", "All aliases.").on(Verb::list, this, &T::list_aliases, "Lists the ids of all aliases.").heavy());
    out.push_back(schema::at("entity-alias/id/{id}", "One alias.").on(Verb::read, this, &T::read_alias, "Reads an alias."));
    out.push_back(schema::at("lookup/entity", "Looking for an entity.")
                      .on(Verb::write, this, &T::look_up, "Finds an entity by id, name or alias.")
                      .replies<EntityReply>());
    return out;
  }
  std::string_view help() const override { return "The identity store: an entity and an alias for each who logs in."; }

 private:
  Result<std::optional<EntityReply>> read(const Caller&, const Snapshot& view, const Id& in) {
    return show(TRY(identity::find(view, in.id)));
  }
  Result<std::optional<EntityReply>> read_by_name(const Caller&, const Snapshot& view, const EntityName& in) {
    return show(TRY(identity::find_by_name(view, in.name)));
  }

  // Lists of entities, with their names and aliases beside the ids.
  static Result<schema::Keys> entities(const Snapshot& view, const schema::Page& page, bool by_name) {
    schema::Keys out;
    json::Writer w(out.key_info);
    w.begin_object();
    for (const std::string& id : TRY(list_names(view, "entity/", '\0', page))) {
      const auto entity = TRY(identity::find(view, id));
      if (!entity) continue;
      out.keys.push_back(by_name ? entity->name : id);
      w.key(id).begin_object().key("aliases").begin_array();
      for (const Alias& alias : entity->aliases) {
        w.begin_object();
        brief(w, alias, id);
        w.end_object();
      }
      w.end_array().key("name").string(entity->name).end_object();
    }
    w.end_object();
    return out;
  }
  Result<schema::Keys> list(const Caller&, const Snapshot& view, const schema::Page& in) { return entities(view, in, false); }
  Result<schema::Keys> list_names_of_all(const Caller&, const Snapshot& view, const schema::Page& in) {
    schema::Keys out = TRY(entities(view, in, true));
    std::sort(out.keys.begin(), out.keys.end());
    return out;
  }

  static const Alias* alias_of(const Entity& entity, std::string_view id) {
    const auto found = std::find_if(entity.aliases.begin(), entity.aliases.end(), [&](const Alias& a) { return a.id == id; });
    return found == entity.aliases.end() ? nullptr : &*found;
  }
  Result<std::optional<AliasReply>> read_alias(const Caller&, const Snapshot& view, const Id& in) {
    const auto entity = TRY(identity::find_by_alias_id(view, in.id));
    const Alias* alias = entity ? alias_of(*entity, in.id) : nullptr;
    if (alias == nullptr) return std::optional<AliasReply>{};
    return std::optional<AliasReply>({entity->id, *alias, false, {}});
  }
  Result<schema::Keys> list_aliases(const Caller&, const Snapshot& view, const schema::Page& in) {
    schema::Keys out;
    json::Writer w(out.key_info);
    w.begin_object();
    for (const std::string& id : TRY(list_names(view, "alias-id/", '\0', in))) {
      const auto entity = TRY(identity::find_by_alias_id(view, id));
      const Alias* alias = entity ? alias_of(*entity, id) : nullptr;
      if (alias == nullptr) continue;
      out.keys.push_back(id);
      w.key(id).begin_object();
      brief(w, *alias, entity->id);
      w.end_object();
    }
    w.end_object();
    return out;
  }

  // Nothing found is no error: 204.
  Result<schema::Reply> look_up(const Caller&, const Snapshot& view, const Lookup& in) {
    const bool by_alias_name = !in.alias_name.empty() || !in.alias_mount_accessor.empty();
    const int ways = !in.id.empty() + !in.name.empty() + !in.alias_id.empty() + by_alias_name;
    if (ways == 0) return invalid("query parameter not supplied");
    if (ways > 1) return invalid("query parameter conflict; please supply distinct set of query parameters");
    if (by_alias_name && (in.alias_name.empty() || in.alias_mount_accessor.empty()))
      return invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set");
    auto found = !in.id.empty()         ? TRY(identity::find(view, in.id))
                 : !in.name.empty()     ? TRY(identity::find_by_name(view, in.name))
                 : !in.alias_id.empty() ? TRY(identity::find_by_alias_id(view, in.alias_id))
                                        : TRY(identity::find_by_alias(view, in.alias_mount_accessor, in.alias_name));
    auto shown = show(std::move(found));
    return shown ? schema::to_reply(*std::move(shown)) : schema::to_reply(schema::Nothing{});
  }
};

}  // namespace

std::unique_ptr<Backend> make_identity_backend(System&) { return std::make_unique<IdentityBackend>(); }

}  // namespace coffer::core
