#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

// The program's own operator delete wipes what it frees (design: "Memory"), so that strings, parsers and connection buffers leave no secret
// behind without knowing it. Blocks come from malloc, as the library's operator new takes them. With a sanitizer, which has operators of its
// own, this file is empty.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COFFER_SANITIZED 1
#endif
#endif
#else
#define COFFER_SANITIZED 1
#endif

#ifndef COFFER_SANITIZED
namespace {

void wipe_and_free(void* block) noexcept {
  if (block == nullptr) return;
  std::memset(block, 0, ::malloc_usable_size(block));
  asm volatile("" : : "r"(block) : "memory");  // the compiler must assume that the zeros are read
  std::free(block);
}

}  // namespace

// The default visibility: libraries that the program loads free through these too.
#define COFFER_DELETE __attribute__((visibility("default"))) void
COFFER_DELETE operator delete(void* block) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete[](void* block) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete(void* block, std::size_t) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete[](void* block, std::size_t) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete(void* block, const std::nothrow_t&) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete[](void* block, const std::nothrow_t&) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete(void* block, std::align_val_t) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete[](void* block, std::align_val_t) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete(void* block, std::size_t, std::align_val_t) noexcept { wipe_and_free(block); }
COFFER_DELETE operator delete[](void* block, std::size_t, std::align_val_t) noexcept { wipe_and_free(block); }
#endif
