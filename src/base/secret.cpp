#include "base/secret.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

#include "base/secret_arena.h"

namespace coffer {

std::byte* secure_allocate(std::size_t size) {
  if (std::byte* data = arena::allocate(size)) return data;
  void* data = std::calloc(1, size);
  if (!data) throw std::bad_alloc();
  return static_cast<std::byte*>(data);
}

void secure_free(std::byte* data, std::size_t size) noexcept {
  if (arena::owns(data)) {
    arena::release(data, size);
    return;
  }
  wipe(data, size);
  std::free(data);
}

bool operator==(const SecretBytes& a, const SecretBytes& b) {
  return a.size_ == b.size_ && (a.size_ == 0 || CRYPTO_memcmp(a.data_, b.data_, a.size_) == 0);
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

void wipe(void* data, std::size_t size) noexcept {
  if (!size) return;
  std::memset(data, 0, size);
  asm volatile("" : : "r"(data) : "memory");  // the compiler must assume that the zeros are read
}

void wipe(std::string& text) noexcept {
  wipe(text.data(), text.size());
  text.clear();
}

}  // namespace coffer
