#pragma once
#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

namespace coffer::http {

// How much memory the buffers of all connections may hold beyond their first small block. Safe from any thread.
class Budget {
 public:
  explicit Budget(std::size_t limit) : limit_(limit) {}
  // False, and nothing taken, when the limit would be passed. A quarter is kept from `large` blocks, so that ordinary requests go on while
  // large ones come slowly.
  [[nodiscard]] bool take(std::size_t bytes, bool large = false) {
    const std::size_t limit = large ? limit_ - limit_ / 4 : limit_;
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit || used > limit - bytes) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

// Contiguous bytes that held a request or a reply: grows at the end, is consumed at the front, is wiped before its memory goes back.
// Large blocks are pages of their own, so that growing copies nothing and no copy stays behind. Not thread-safe.
class Buffer {
 public:
  static constexpr std::size_t small = 4096;
  // `keep`: how large a block survives `clear`. `exempt`: how much of it the budget does not count.
  explicit Buffer(Budget* budget = nullptr, std::size_t keep = small, std::size_t exempt = small) : budget_(budget), keep_(keep), exempt_(exempt) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }

  [[nodiscard]] std::string_view view() const { return {block_ + begin_, end_ - begin_}; }
  [[nodiscard]] char* data() { return block_ + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  // Room for `total` bytes from the first unconsumed one on. False when the budget refuses; throws std::bad_alloc. May move the bytes.
  [[nodiscard]] bool reserve(std::size_t total);
  // Room behind the last byte; write there, then commit what was written.
  [[nodiscard]] std::span<char> room() { return {block_ + end_, capacity_ - end_}; }
  void commit(std::size_t written) {
    end_ += written;
    if (end_ > high_) high_ = end_;
  }
  // Not for what the network dictates the size of: it throws std::bad_alloc where the budget refuses.
  void append(std::string_view bytes);
  void consume(std::size_t bytes);
  // Takes bytes [from, from + count) out of the middle.
  void erase(std::size_t from, std::size_t count);
  void clear();    // forgets the contents; keeps a block that is small enough
  void release();  // wipes and frees

 private:
  void compact();
  [[nodiscard]] std::size_t counted(std::size_t capacity) const { return capacity > exempt_ ? capacity - exempt_ : 0; }
  void reallocate(std::size_t capacity);
  Budget* budget_;
  const std::size_t keep_, exempt_;
  char* block_ = nullptr;
  std::size_t begin_ = 0, end_ = 0, capacity_ = 0;
  std::size_t high_ = 0;  // end of what was ever written: what to wipe
};

}  // namespace coffer::http
