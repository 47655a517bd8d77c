#pragma once
#include <cstddef>
#include <mutex>
#include <span>
#include <utility>

#include "base/secret.h"

namespace coffer::crypto {

// A long-lived key in pages of its own between guard pages: locked, not dumped, and not even readable but while it is used (design.md §1.3).
// Each use costs two system calls: keep derived contexts for hot paths. Safe from any thread.
class GuardedKey {
 public:
  GuardedKey() = default;  // holds nothing
  explicit GuardedKey(std::span<const std::byte> key);
  explicit GuardedKey(const SecretBytes& key) : GuardedKey(key.reveal()) {}
  GuardedKey(GuardedKey&& other) noexcept;
  GuardedKey& operator=(GuardedKey&& other) noexcept;
  ~GuardedKey();

  [[nodiscard]] bool empty() const { return data_ == nullptr; }
  // Calls `use` with the bytes; they must not leave the call.
  template <class F>
  auto with(F&& use) const {
    const Access access(*this);
    return std::forward<F>(use)(std::span<const std::byte>(data_, size_));
  }
  // A copy in ordinary secret memory.
  [[nodiscard]] SecretBytes reveal_copy() const {
    return with([](std::span<const std::byte> bytes) { return SecretBytes::copy_of(bytes); });
  }

 private:
  class Access {
   public:
    explicit Access(const GuardedKey& key);
    ~Access();
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

   private:
    const GuardedKey& key_;
  };
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  mutable std::mutex mutex_;  // guards users_ and the page's protection
  mutable int users_ = 0;
};

}  // namespace coffer::crypto
