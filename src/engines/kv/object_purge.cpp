#include <fmt/format.h>

#include "engines/kv/object_keys.h"
#include "engines/kv/object_store.h"

// Objects that are deleted and gone for good when their time has come.
namespace coffer::kv {
namespace {

std::string purge_key(std::string_view name, Time at) { return fmt::format("e/{:016x}/{}", static_cast<std::uint64_t>(unix_seconds(at)), name); }

// Names whose time has come, with that time.
Result<std::vector<std::string>> due(const Snapshot& view, Time now, std::size_t limit) {
  auto keys = TRY(view.children("e/", '\0', "", limit));
  const std::string end = fmt::format("{:016x}/", static_cast<std::uint64_t>(unix_seconds(now)));
  std::erase_if(keys, [&](const std::string& key) { return key.compare(0, end.size(), end) >= 0; });
  return keys;
}

}  // namespace

Result<void> note_purge(Transaction& view, std::string_view name, Time at) {
  CHECK_OK(view.put(name_key('d', name), ""));
  return view.put(purge_key(name, at), "");
}

void forget_purge(Transaction& view, std::string_view name, Time at) {
  view.erase(name_key('d', name));
  view.erase(purge_key(name, at));
}

Result<void> delete_until(Transaction& view, std::string_view name, LoadedObject& loaded, Time now, Duration window) {
  Object& object = loaded.object;
  object.state = State::deleted;
  object.deleted_at = now;
  object.purge_at = now + window;
  CHECK_OK(note_purge(view, name, object.purge_at));
  return save(view, name, loaded);
}

Result<bool> has_due(const Snapshot& view, Time now) { return !TRY(due(view, now, 1)).empty(); }

Result<std::size_t> purge_due(Transaction& view, Time now, std::size_t limit) {
  const auto keys = TRY(due(view, now, limit));
  for (const std::string& key : keys) {
    const std::size_t slash = key.find('/');
    // An entry is only a hint: the object may have been restored, or have gone, since.
    if (slash != std::string::npos) (void)TRY(load_to_write(view, std::string_view(key).substr(slash + 1), now));
    view.erase("e/" + key);
  }
  return keys.size();
}

}  // namespace coffer::kv
