#include "engines/kv/indexes.h"

#include "engines/kv/object_keys.h"

namespace coffer::kv {
namespace {

// "2" when both indexes are whole; else the last key that has been gone through, in one of the areas below. Absent, or "1" (of when the index of names had one
// spelling of each): nothing has.
constexpr std::string_view progress_key = "i", whole = "2";
constexpr std::string_view areas[] = {"e/", "o/", "s/"};
constexpr std::size_t at_once = 1000;

// `name` is relative to its area.
Result<void> index(Transaction& view, std::string_view area, std::string_view name) {
  if (area == "e/") {
    const std::size_t slash = name.find('/');  // after the time
    return slash == name.npos ? Result<void>() : view.put("d/" + std::string(name.substr(slash + 1)), "");
  }
  return note_spelling(view, name);
}

}  // namespace

Result<std::vector<std::string>> deleted_names(const Snapshot& view, std::string_view folder, std::string_view after, std::size_t limit) {
  return view.children("d/" + std::string(folder), '\0', after, limit);
}

Result<void> begin_indexes(Transaction& view) { return view.put(progress_key, whole); }

Result<bool> has_unindexed(const Snapshot& view) {
  const auto progress = TRY(view.get(progress_key));
  if (progress) return progress->reveal_text() != whole;
  for (const std::string_view area : areas)
    if (!TRY(view.children(area, '\0', "", 1)).empty()) return true;
  return false;
}

Result<void> index_some(Transaction& view) {
  const auto progress = TRY(view.get(progress_key));
  const std::string from = progress ? std::string(progress->reveal_text()) : std::string();
  if (from == whole) return {};
  std::size_t left = at_once;
  for (const std::string_view area : areas) {
    if (from.substr(0, area.size()) > area) continue;  // gone through; the areas are in order
    const std::string after = from.starts_with(area) ? from.substr(area.size()) : std::string();
    const auto names = TRY(view.children(area, '\0', after, left));
    for (const std::string& name : names) CHECK_OK(index(view, area, name));
    left -= names.size();
    if (left == 0) return view.put(progress_key, std::string(area) + names.back());
  }
  return begin_indexes(view);
}

}  // namespace coffer::kv
