#include "crypto/guarded_key.h"

#include <sodium.h>

#include "crypto/must.h"
#include "crypto/sodium.h"

namespace coffer::crypto {

GuardedKey::GuardedKey(std::span<const std::byte> key) : size_(key.size()) {
  if (key.empty()) return;
  need_sodium();
  data_ = static_cast<std::byte*>(sodium_malloc(size_));
  must(data_ != nullptr, "libsodium: guarded memory");
  std::memcpy(data_, key.data(), size_);
  must(sodium_mprotect_noaccess(data_) == 0, "libsodium: page protection");
}

GuardedKey::GuardedKey(GuardedKey&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

GuardedKey& GuardedKey::operator=(GuardedKey&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

GuardedKey::~GuardedKey() {
  if (data_) sodium_free(data_);  // wipes
}

GuardedKey::Access::Access(const GuardedKey& key) : key_(key) {
  if (!key_.data_) return;
  const std::lock_guard lock(key_.mutex_);
  if (key_.users_++ == 0) must(sodium_mprotect_readonly(key_.data_) == 0, "libsodium: page protection");
}

GuardedKey::Access::~Access() {
  if (!key_.data_) return;
  const std::lock_guard lock(key_.mutex_);
  if (--key_.users_ == 0) must(sodium_mprotect_noaccess(key_.data_) == 0, "libsodium: page protection");
}

}  // namespace coffer::crypto
