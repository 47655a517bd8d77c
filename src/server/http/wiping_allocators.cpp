#include "server/http/wiping_allocators.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <cstring>

#include "base/secret.h"

namespace coffer::http {
namespace {

void* allocate(std::size_t size, const char*, int) { return std::malloc(size); }

void release(void* block, const char*, int) {
  if (!block) return;
  wipe(block, ::malloc_usable_size(block));
  std::free(block);
}

// realloc(3) may leave the old bytes behind, so a block that does not fit is copied, wiped and freed.
void* reallocate(void* block, std::size_t size, const char* file, int line) {
  if (!block) return std::malloc(size);
  if (size == 0) {
    release(block, file, line);
    return nullptr;
  }
  const std::size_t usable = ::malloc_usable_size(block);
  if (size <= usable) return block;
  void* fresh = std::malloc(size);
  if (!fresh) return nullptr;
  std::memcpy(fresh, block, usable);
  release(block, file, line);
  return fresh;
}

}  // namespace

bool install_wiping_allocators() { return CRYPTO_set_mem_functions(&allocate, &reallocate, &release) == 1; }

}  // namespace coffer::http
