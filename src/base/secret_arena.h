#pragma once
#include <cstddef>

// The locked slab behind SecretBytes (design.md §1.3): one mapping, locked and left out of core dumps, cut into size classes. Each thread
// keeps a few free blocks of each class, so that most calls touch no shared memory. Blocks are handed out zeroed and wiped when they come back.
// Use SecretBytes; this header is for secret.cpp and the memory report.
namespace coffer::arena {

// Null when `size` is over the largest class or the slab is used up: the caller then takes ordinary memory.
[[nodiscard]] std::byte* allocate(std::size_t size) noexcept;
[[nodiscard]] bool owns(const std::byte* data) noexcept;
// Wipes and keeps for reuse; `size` as it was asked for.
void release(std::byte* data, std::size_t size) noexcept;

// How much there is, and how much of it the kernel agreed to lock (RLIMIT_MEMLOCK may allow less).
struct Report {
  std::size_t bytes = 0;
  std::size_t locked = 0;
  std::size_t handed_to_classes = 0;  // grows only: a chunk stays with its size class
};
[[nodiscard]] Report report() noexcept;

}  // namespace coffer::arena
