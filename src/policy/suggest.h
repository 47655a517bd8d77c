#pragma once
#include <span>
#include <string>
#include <string_view>

namespace coffer::policy {

// Damerau–Levenshtein distance in bytes (optimal string alignment: insertions, deletions, substitutions, swaps of neighbours), or
// `limit + 1` when it is larger than `limit`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);
// The known word that was probably meant, or "" when none is near (a third of its length, at most 3 edits).
[[nodiscard]] std::string_view closest(std::string_view word, std::span<const std::string_view> known);

}  // namespace coffer::policy
