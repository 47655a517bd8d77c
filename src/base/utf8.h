#pragma once
#include <cstddef>
#include <string_view>

// Texts in UTF-8, by characters (code points). Of texts that are no UTF-8 nothing is promised but that no byte outside is read.
namespace coffer {

[[nodiscard]] constexpr bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// The longest beginning of at most `bytes` bytes that cuts no character in two.
[[nodiscard]] constexpr std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && continues_character(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) {
  std::size_t out = 0;
  for (const char byte : text)
    if (!continues_character(byte)) ++out;
  return out;
}

}  // namespace coffer
