#pragma once
#include <cstddef>

namespace coffer {

// The largest value that a key may have, before encryption. A value is held several times while it is on its way to the disk (the request, its
// parts, the batch, the log, the memtable), so this, not the size of a request, is what bounds memory. Vault's own store takes 1 MiB.
inline constexpr std::size_t largest_value = 8u << 20;

}  // namespace coffer
