#pragma once
#include <string>
#include <string_view>

namespace coffer {

// A value that could not be read, for an error's text. What is too long for a slip of the pen may be a secret in the wrong field: it is left
// out, so that neither the answer nor a log repeats it (security.md K05).
inline constexpr std::size_t brief_length = 16;
[[nodiscard]] inline std::string_view brief(std::string_view value) { return value.size() <= brief_length ? value : std::string_view("..."); }

}  // namespace coffer
