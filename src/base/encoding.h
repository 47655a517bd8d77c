#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer {

inline std::string_view as_text(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Lower-case hexadecimal. `hex_decode` takes both cases and refuses an odd length.
void append_hex(std::string& out, std::string_view bytes);
[[nodiscard]] std::string hex_encode(std::string_view bytes);
[[nodiscard]] Result<std::string> hex_decode(std::string_view text);

// RFC 4648: standard alphabet with padding, URL alphabet without; the decoder of each is strict (no white space, canonical
// padding where the form has it).
[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_raw_encode(std::string_view bytes);  // standard alphabet, no padding
[[nodiscard]] Result<std::string> base64_raw_decode(std::string_view text);
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
[[nodiscard]] Result<std::string> base64url_decode(std::string_view text);

// True for well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool valid_utf8(std::string_view text);

// ASCII lower case, in place of the locale's idea of it.
[[nodiscard]] std::string ascii_lower(std::string_view text);
[[nodiscard]] bool ascii_iequal(std::string_view a, std::string_view b);

}  // namespace coffer
