#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer::storage {

inline constexpr std::size_t default_page = 1'000;  // what a limit of 0 means

// The first key after all that begin with `prefix`; empty when there is none (the end of the store).
[[nodiscard]] inline std::string end_of_prefix(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
  if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

// Where a page of children begins: past the key `after`, or past the whole subtree that `after` names or lies in.
// Empty when nothing can follow.
[[nodiscard]] inline std::string start_of_page(std::string_view prefix, char delimiter, std::string_view after) {
  const auto cut = delimiter == '\0' ? std::string_view::npos : after.find(delimiter);
  std::string from(prefix);
  if (cut != std::string_view::npos) return end_of_prefix(from.append(after.substr(0, cut + 1)));
  from.append(after).push_back('\0');
  return from;
}

// ReadView::children over anything that can seek. A cursor has `Result<bool> seek(from)` to the first key at or after `from`,
// `Result<bool> next()` and `key()`; false means that there is no further key.
template <class Cursor>
Result<std::vector<std::string>> list_children(Cursor& cursor, std::string_view prefix, char delimiter, std::string_view after,
                                               std::size_t limit) {
  std::vector<std::string> names;
  if (limit == 0) limit = default_page;
  std::string from = start_of_page(prefix, delimiter, after);
  if (from.empty()) return names;
  bool found = TRY(cursor.seek(from));
  while (found && cursor.key().starts_with(prefix)) {
    const std::string_view name = cursor.key().substr(prefix.size());
    const auto cut = delimiter == '\0' ? std::string_view::npos : name.find(delimiter);
    names.emplace_back(name.substr(0, cut == std::string_view::npos ? cut : cut + 1));
    if (names.size() == limit) break;
    if (cut == std::string_view::npos) {
      found = TRY(cursor.next());
      continue;
    }
    from = end_of_prefix(std::string(prefix) + names.back());
    if (from.empty()) break;
    found = TRY(cursor.seek(from));
  }
  return names;
}

}  // namespace coffer::storage
