#pragma once
#include <cstdint>
#include <string_view>

namespace coffer::storage {

// A 64-bit hash of a key for tables in memory, seeded per process so that nobody can prepare names that fall on one slot.
// Not for anything stored, nor for secrets.
[[nodiscard]] std::uint64_t hash_key(std::string_view key) noexcept;

}  // namespace coffer::storage
