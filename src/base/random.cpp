#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/ids.h"

namespace coffer {
namespace {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    while (!out.empty()) {
      const auto n = ::getrandom(out.data(), out.size(), 0);
      if (n < 0) {
        if (errno == EINTR) continue;
        std::abort();  // no entropy: nothing may go on with weak keys (F-70)
      }
      out = out.subspan(static_cast<std::size_t>(n));
    }
  }
};

void append_uuid(std::string& out, const std::array<std::uint8_t, 16>& b) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 36> text;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = digits[b[i] >> 4];
    text[at++] = digits[b[i] & 15];
  }
  out.append(text.data(), text.size());
}

void stamp_version(std::array<std::uint8_t, 16>& b) {
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3f) | 0x80);
}

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

std::string make_uuid(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(std::as_writable_bytes(std::span(bytes)));
  stamp_version(bytes);
  std::string out;
  append_uuid(out, bytes);
  return out;
}

std::string make_base62(std::size_t length, Random& random) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out;
  out.reserve(length);
  std::array<std::uint8_t, 64> pool{};
  while (out.size() < length) {
    random.fill(std::as_writable_bytes(std::span(pool)));
    for (std::uint8_t b : pool) {
      if (b >= 248 || out.size() == length) continue;  // 248 = 4 * 62: above it the choice would be biased
      out.push_back(alphabet[b % 62]);
    }
  }
  return out;
}

void append_request_id(std::string& out) {
  struct Pool {
    std::array<std::uint8_t, 4096> bytes{};
    std::size_t next = sizeof(bytes);
  };
  static thread_local Pool pool;
  if (pool.next == pool.bytes.size()) {
    system_random().fill(std::as_writable_bytes(std::span(pool.bytes)));
    pool.next = 0;
  }
  std::array<std::uint8_t, 16> id{};
  std::copy_n(pool.bytes.begin() + static_cast<std::ptrdiff_t>(pool.next), 16, id.begin());
  pool.next += 16;
  stamp_version(id);
  append_uuid(out, id);
}

std::string to_uuid_text(const MountId& id) {
  std::string out;
  append_uuid(out, id.bytes);
  return out;
}

}  // namespace coffer
