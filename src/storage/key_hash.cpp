#include "storage/key_hash.h"

#include <array>
#include <cstring>

#include "base/random.h"

namespace coffer::storage {
namespace {

struct Seeds {
  std::array<std::uint64_t, 3> word{};
  Seeds() {
    system_random().fill(std::as_writable_bytes(std::span(word)));
    for (auto& w : word) w |= 1;
  }
};

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t load(const char* from, std::size_t size) noexcept {
  std::uint64_t out = 0;
  std::memcpy(&out, from, size);
  return out;
}

}  // namespace

std::uint64_t hash_key(std::string_view key) noexcept {
  static const Seeds seeds;
  std::uint64_t state = seeds.word[0] ^ key.size();
  const char* at = key.data();
  std::size_t left = key.size();
  for (; left > 16; at += 16, left -= 16) state = fold(load(at, 8) ^ seeds.word[1], load(at + 8, 8) ^ state);
  const std::size_t first = left < 8 ? left : 8;
  const std::uint64_t low = first ? load(at, first) : 0;
  const std::uint64_t high = left > 8 ? load(at + 8, left - 8) : 0;
  state = fold(low ^ seeds.word[1], high ^ state);
  return fold(state ^ seeds.word[2], seeds.word[1]);
}

}  // namespace coffer::storage
