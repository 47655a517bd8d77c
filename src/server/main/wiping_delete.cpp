#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
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

constexpr std::size_t large = 1 << 20, page = 4096;

// The pages of a large block go back to the kernel, which shows them to nobody: writing zeros would first bring in those that were never
// touched, and a parser's buffers are several times as large as what it read.
bool give_back_pages(char* block, std::size_t size) noexcept {
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(block) % page) % page, whole = (size - before) / page * page;
  if (::madvise(block + before, whole, MADV_DONTNEED) != 0) return false;
  std::memset(block, 0, before);
  std::memset(block + before + whole, 0, size - before - whole);
  return true;
}

void wipe_and_free(void* block) noexcept {
  if (block == nullptr) return;
  const std::size_t size = ::malloc_usable_size(block);
  if (size < large || !give_back_pages(static_cast<char*>(block), size)) std::memset(block, 0, size);
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
