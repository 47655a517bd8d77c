#pragma once
#include <algorithm>
#include <span>

#include "base/encoding.h"
#include "base/header.h"

namespace coffer {

// Whether a header has that name, whose case means nothing (RFC 9110 section 5.1).
[[nodiscard]] inline bool is_header(const HeaderView& header, std::string_view name) {
  return header.name.size() == name.size() && ascii_iequal(header.name, name);
}
// The value of the first header of that name; "" when there is none.
[[nodiscard]] inline std::string_view header_of(std::span<const HeaderView> headers, std::string_view name) {
  const auto at = std::ranges::find_if(headers, [&](const HeaderView& header) { return is_header(header, name); });
  return at == headers.end() ? std::string_view() : at->value;
}
// How often a header stands there.
[[nodiscard]] inline std::size_t header_count(std::span<const HeaderView> headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(headers, [&](const HeaderView& header) { return is_header(header, name); }));
}

}  // namespace coffer
