#pragma once
#include <span>
#include <string_view>

namespace coffer::cli {

// Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, replacements and swaps of neighbours.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate that `word` was probably meant to be; "" when none is near.
[[nodiscard]] std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace coffer::cli
