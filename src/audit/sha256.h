#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::audit {

using Digest = std::array<std::uint8_t, 32>;

// SHA-256 (FIPS 180-4) as a plain value: copying a keyed state is a memcpy and nothing is fetched or allocated, which makes an
// HMAC of a short value twice as fast as through EVP (190 against 390 ns for 100 bytes) and leaves no key in per-thread contexts.
class Sha256 {
 public:
  Sha256();
  // Goes on from the state after `bytes` bytes, a multiple of 64.
  Sha256(const std::array<std::uint32_t, 8>& state, std::uint32_t bytes);
  Sha256& update(std::string_view data);
  Sha256& update(const Digest& digest) { return update({reinterpret_cast<const char*>(digest.data()), digest.size()}); }
  [[nodiscard]] Digest finish();  // once
  [[nodiscard]] std::array<std::uint32_t, 8> state() const;
  void wipe();

 private:
  alignas(8) std::array<std::byte, 112> context_;
};

[[nodiscard]] Digest sha256(std::string_view data);
void append_hex(std::string& out, const Digest& digest);
// 64 lower-case hexadecimal digits; false for anything else.
[[nodiscard]] bool parse_hex(std::string_view text, Digest& out);

}  // namespace coffer::audit
