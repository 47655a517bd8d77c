#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "backend/caller.h"
#include "engines/kv/azure/errors.h"
#include "engines/kv/azure/replies.h"
#include "engines/kv/azure/vault.h"
#include "engines/kv/object_store.h"
#include "schema/endpoint.h"

// A secret as the operations see it, and how they find it.
namespace coffer::kv::azure {

// Versions that are kept of an object that this door has written, whose clients do not expect any to go, unless object or mount say how many.
inline constexpr std::uint32_t kept_versions = 500;

struct Secret {
  std::string path;  // where it lies, in its own spelling
  std::string name;  // what Azure calls it
  LoadedObject loaded;
  [[nodiscard]] Object& object() { return loaded.object; }
  [[nodiscard]] const Object& object() const { return loaded.object; }
};

// The name on the wire of what lies at `path`.
[[nodiscard]] std::string_view name_of(const Caller& caller, std::string_view path);
// The vault of a request. Refuses deleted ones.
[[nodiscard]] Result<Vault> open_vault(const Caller& caller, const Snapshot& view);
// The object at `path`, in whatever case its name is spelled: names are case-insensitive here, and paths are not. Where the spelling differs, policies
// are asked again, for `verb` on `area` ("data") below the mount. Nothing when there is none; whatever its state.
[[nodiscard]] Result<std::optional<Secret>> look(const Caller& caller, const Snapshot& view, std::string_view path, std::string_view area,
                                                 schema::Verb verb);
// Whether it shows among the secrets: it is not deleted, nor is its current version (by Vault's API).
[[nodiscard]] bool shows(const Object& object, Time now);
[[nodiscard]] bool shows(const Version& version, Time now);

// The id of a version: 32 hexadecimal digits.
[[nodiscard]] std::string id_of(const Version& version);
// The version with that id ("": the current one), with its bytes. Nothing where there is none that shows.
[[nodiscard]] Result<std::optional<LoadedVersion>> find_version(const Snapshot& view, const Secret& secret, std::string_view id, Time now);

[[nodiscard]] std::string url_of(const Caller& caller, std::string_view collection, std::string_view name, std::string_view version = {});
[[nodiscard]] Attributes attributes_of(const Vault& vault, const Version& version);
// What a deleted secret tells beside.
[[nodiscard]] Deletion deletion_of(const Caller& caller, const Secret& secret);

// A bundle without a value. Its views are kept alive by `secret` and `version`, which move into the reply.
[[nodiscard]] Kept<Bundle> bundle(const Caller& caller, const Vault& vault, Secret secret, LoadedVersion version);

}  // namespace coffer::kv::azure
