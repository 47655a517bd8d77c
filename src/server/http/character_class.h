#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace coffer::http {

namespace detail {
inline constexpr std::uint8_t token_bit = 1, value_bit = 2, target_bit = 4;
inline constexpr std::array<std::uint8_t, 256> character_classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || (c < 128 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos)) table[c] |= token_bit;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) table[c] |= value_bit;
    if (c > 0x20 && c != 0x7f) table[c] |= target_bit;
  }
  return table;
}();
inline bool all(std::string_view text, std::uint8_t bit) {
  std::uint8_t held = bit;
  for (const char c : text) held &= character_classes[static_cast<unsigned char>(c)];
  return held != 0;
}
}  // namespace detail

// RFC 9110 §5.6.2.
inline bool is_token(std::string_view text) { return !text.empty() && detail::all(text, detail::token_bit); }
// A field value: no control character but the tab (bytes from 0x80 on pass, RFC 9110 §5.5 obs-text).
inline bool is_field_value(std::string_view text) { return detail::all(text, detail::value_bit); }
// No space, no control character. Bytes from 0x80 on pass: whether they are UTF-8 is the door's question.
inline bool is_target(std::string_view text) { return !text.empty() && detail::all(text, detail::target_bit); }

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
// Compares without ASCII case; `name` is in lower case.
inline bool same_name(std::string_view text, std::string_view name) {
  if (text.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (lower(text[i]) != name[i]) return false;
  }
  return true;
}
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace coffer::http
