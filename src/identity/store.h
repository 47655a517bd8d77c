#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "policy/policy.h"
#include "schema/field.h"
#include "storage/view.h"

namespace coffer::identity {

// entity/<id>                       the entity, JSON
// name/<name, lower case, hex>      its id
// alias/<mount accessor>/<name>     the id of the entity that has this alias
// alias-id/<id of an alias>         the same
[[nodiscard]] inline KeySpace space(TenantId tenant) { return core_space(tenant, "identity"); }

struct Alias {
  std::string id, name, mount_accessor, mount_type, mount_path;
  schema::StringMap metadata, custom_metadata;
  Time creation_time{}, last_update_time{};
  static constexpr auto fields() {
    using T = Alias;
    using schema::field;
    return schema::Fields{field<&T::id>("id", "Id of the alias.").open(),
                      field<&T::name>("name", "What the auth method calls the user."),
                      field<&T::mount_accessor>("mount_accessor", "Accessor of the auth mount.").open(),
                      field<&T::mount_type>("mount_type", "Type of the auth mount.").open(),
                      field<&T::mount_path>("mount_path", "Path of the auth mount when the alias was made.").open(),
                      field<&T::metadata>("metadata", "What the auth method said of the user."),
                      field<&T::custom_metadata>("custom_metadata", "What operators wrote."),
                      field<&T::creation_time>("creation_time", "When it was made.").open(),
                      field<&T::last_update_time>("last_update_time", "When it was last changed.").open()};
  }
};
struct Entity {
  std::string id, name;
  std::vector<Alias> aliases;
  std::vector<std::string> policies;
  schema::StringMap metadata;
  bool disabled = false;
  Time creation_time{}, last_update_time{};
  static constexpr auto fields() {
    using T = Entity;
    using schema::field;
    return schema::Fields{field<&T::id>("id", "Id of the entity.").open(),
                      field<&T::name>("name", "Its name."),
                      field<&T::aliases>("aliases", "Its aliases, one per auth mount and user."),
                      field<&T::policies>("policies", "Policies of every token of the entity.").open(),
                      field<&T::metadata>("metadata", "What operators wrote."),
                      field<&T::disabled>("disabled", "True when its tokens are refused.").open(),
                      field<&T::creation_time>("creation_time", "When it was made.").open(),
                      field<&T::last_update_time>("last_update_time", "When it was last changed.").open()};
  }
};

[[nodiscard]] Result<std::optional<Entity>> find(const Snapshot& identity, std::string_view id);
[[nodiscard]] Result<std::optional<Entity>> find_by_name(const Snapshot& identity, std::string_view name);  // in any case
[[nodiscard]] Result<std::optional<Entity>> find_by_alias_id(const Snapshot& identity, std::string_view alias_id);
[[nodiscard]] Result<std::optional<Entity>> find_by_alias(const Snapshot& identity, std::string_view mount_accessor, std::string_view name);

// A login: the entity behind (mount, alias name), made with its alias when it is new; metadata of the alias follows the login's.
struct LoginAlias {
  std::string_view mount_accessor, mount_type, mount_path, name;
  const schema::StringMap& metadata;
};
[[nodiscard]] Result<Entity> at_login(Transaction& identity, const LoginAlias& alias, Time now, Random& random);

// What templated policies may refer to.
[[nodiscard]] policy::IdentityContext context_of(const Entity& entity);

}  // namespace coffer::identity
