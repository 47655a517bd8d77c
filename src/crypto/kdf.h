#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "base/secret.h"

namespace coffer::crypto {

// HKDF-SHA256 (RFC 5869). `size` is at most 255 * 32.
[[nodiscard]] SecretBytes hkdf_sha256(std::span<const std::byte> key, std::string_view salt, std::string_view info, std::size_t size);

}  // namespace coffer::crypto
