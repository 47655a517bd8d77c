#include "engines/kv/kv2.h"

// Soft deletion and its undoing, and destruction.
namespace coffer::kv {
namespace {

constexpr std::size_t at_once = 1000;

// Runs `change` on each of the versions that is there and not destroyed.
template <class Change>
Result<void> for_each(const Caller& caller, Transaction& view, const Versions& in, Change change) {
  if (in.versions.size() > at_once) return invalid("at most 1000 versions may be named at once");
  if (names_folder(caller)) return {};
  auto object = TRY(load(view, in.path, caller.now));
  if (!object) return {};
  for (const std::int64_t seq : in.versions) {
    if (seq <= 0) continue;
    auto version = TRY(load_version(view, in.path, object->object, static_cast<std::uint64_t>(seq)));
    if (version && !version->version.destroyed) CHECK_OK(change(*object, *version));
  }
  return {};
}

}  // namespace

Result<schema::Nothing> Kv2::delete_latest(const Caller& caller, Transaction& view, const Named& in) {
  if (names_folder(caller)) return schema::Nothing{};
  auto object = TRY(load(view, in.path, caller.now));
  if (!object || object->object.current.seq == 0) return schema::Nothing{};
  Version& current = object->object.current;
  if (object->object.state == State::deleted || current.destroyed || current.deleted(caller.now)) return schema::Nothing{};
  current.deleted_at = caller.now;
  CHECK_OK(save(view, in.path, *object));
  return schema::Nothing{};
}

Result<schema::Nothing> Kv2::delete_versions(const Caller& caller, Transaction& view, const Versions& in) {
  if (in.versions.empty()) return invalid("No version number provided");
  CHECK_OK(for_each(caller, view, in, [&](LoadedObject& object, LoadedVersion& version) -> Result<void> {
    if (version.version.deleted(caller.now)) return {};
    version.version.deleted_at = caller.now;
    return save_version(view, in.path, object, version);
  }));
  return schema::Nothing{};
}

Result<schema::Nothing> Kv2::undelete_versions(const Caller& caller, Transaction& view, const Versions& in) {
  if (in.versions.empty()) return invalid("No version number provided");
  CHECK_OK(for_each(caller, view, in, [&](LoadedObject& object, LoadedVersion& version) -> Result<void> {
    CHECK_OK(check_active(object.object));
    if (version.version.deleted_at == never) return {};
    version.version.deleted_at = never;
    return save_version(view, in.path, object, version);
  }));
  return schema::Nothing{};
}

Result<schema::Nothing> Kv2::destroy_versions(const Caller& caller, Transaction& view, const Versions& in) {
  if (in.versions.empty()) return invalid("no version number provided");
  if (TRY(azure::load_vault(view)).purge_protection) return invalid("purge protection is on for this mount: versions cannot be destroyed");
  CHECK_OK(for_each(caller, view, in, [&](LoadedObject& object, LoadedVersion& version) -> Result<void> {
    return destroy_version(view, in.path, object, version);
  }));
  return schema::Nothing{};
}

}  // namespace coffer::kv
