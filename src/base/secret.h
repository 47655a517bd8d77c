#pragma once
#include <cstddef>
#include <cstring>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace coffer {

// Memory for secrets: locked while the process's lock budget lasts, never dumped, wiped when freed (design.md §1.3).
// Both are safe to call from any thread. `secure_allocate` never returns null: it throws std::bad_alloc.
[[nodiscard]] std::byte* secure_allocate(std::size_t size);
void secure_free(std::byte* data, std::size_t size) noexcept;

// Secret material: move-only, wiped on destruction, compared in constant time, never printable. `reveal()` is the one word
// that gives access; scripts/list-reveals lists its uses.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::size_t size) : data_(size ? secure_allocate(size) : nullptr), size_(size) {}
  static SecretBytes copy_of(std::span<const std::byte> bytes) {
    SecretBytes out(bytes.size());
    if (!bytes.empty()) std::memcpy(out.data_, bytes.data(), bytes.size());
    return out;
  }
  static SecretBytes copy_of(std::string_view text) { return copy_of(std::as_bytes(std::span(text.data(), text.size()))); }
  SecretBytes(SecretBytes&& o) noexcept : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(size_, o.size_);
    return *this;
  }
  ~SecretBytes() {
    if (data_) secure_free(data_, size_);
  }
  [[nodiscard]] SecretBytes clone() const { return copy_of(reveal()); }  // copies are spelled out
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const std::byte> reveal() const { return {data_, size_}; }
  // The same bytes as text; valid as long as this object.
  [[nodiscard]] std::string_view reveal_text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  [[nodiscard]] std::span<std::byte> writable() { return {data_, size_}; }
  friend bool operator==(const SecretBytes& a, const SecretBytes& b);  // constant time in the contents

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};
std::ostream& operator<<(std::ostream&, const SecretBytes&) = delete;

// Constant-time comparison of equally long texts; lengths are not secret.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);
// Overwrites memory in a way that the compiler may not drop.
void wipe(void* data, std::size_t size) noexcept;
void wipe(std::string& text) noexcept;

}  // namespace coffer
