#include "server/http/buffer.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/secret.h"

namespace coffer::http {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t paged = 256 << 10;  // from this size on a block is pages of its own

bool is_paged(std::size_t capacity) { return capacity >= paged; }

char* allocate(std::size_t capacity) {
  if (!is_paged(capacity)) {
    if (void* block = std::malloc(capacity)) return static_cast<char*>(block);
    throw std::bad_alloc();
  }
  void* block = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  ::madvise(block, capacity, MADV_DONTDUMP);
  return static_cast<char*>(block);
}

// `touched`: how much of it may have been written.
void deallocate(char* block, std::size_t capacity, std::size_t touched) {
  wipe(block, touched);
  if (is_paged(capacity)) {
    ::munmap(block, capacity);
  } else {
    std::free(block);
  }
}

std::size_t rounded(std::size_t total) {
  if (total <= Buffer::small) return Buffer::small;
  if (total < paged) return std::bit_ceil(total);
  return (total + page - 1) / page * page;
}

}  // namespace

void Buffer::compact() {
  if (begin_ == 0) return;
  std::memmove(block_, block_ + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

bool Buffer::reserve(std::size_t total) {
  if (capacity_ - begin_ >= total && capacity_ > 0) return true;
  if (begin_ > 0) compact();
  if (capacity_ >= total && capacity_ > 0) return true;
  const std::size_t wanted = rounded(total);
  const std::size_t more = counted(wanted) - counted(capacity_);
  if (budget_ && more > 0 && !budget_->take(more, is_paged(wanted))) return false;
  try {
    reallocate(wanted);
  } catch (const std::bad_alloc&) {
    if (budget_) budget_->give(more);
    throw;
  }
  return true;
}

void Buffer::reallocate(std::size_t capacity) {
  if (block_ && is_paged(capacity_) && is_paged(capacity)) {
    void* moved = ::mremap(block_, capacity_, capacity, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) throw std::bad_alloc();
    block_ = static_cast<char*>(moved);
    ::madvise(block_, capacity, MADV_DONTDUMP);
  } else {
    char* fresh = allocate(capacity);
    if (block_) {
      std::memcpy(fresh, block_, end_);
      deallocate(block_, capacity_, high_);
    }
    block_ = fresh;
    high_ = end_;
  }
  capacity_ = capacity;
}

void Buffer::append(std::string_view bytes) {
  if (capacity_ - end_ < bytes.size()) {
    const std::size_t total = size() + bytes.size();
    if (!reserve(total < 2 * size() ? 2 * size() : total)) throw std::bad_alloc();
  }
  if (!bytes.empty()) std::memcpy(block_ + end_, bytes.data(), bytes.size());
  commit(bytes.size());
}

void Buffer::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) clear();
}

void Buffer::erase(std::size_t from, std::size_t count) {
  if (count == 0) return;
  char* at = block_ + begin_ + from;
  std::memmove(at, at + count, size() - from - count);
  end_ -= count;
}

void Buffer::clear() {
  begin_ = end_ = 0;
  if (capacity_ > keep_) release();
}

void Buffer::release() {
  if (!block_) return;
  deallocate(block_, capacity_, high_);
  if (budget_) budget_->give(counted(capacity_));
  block_ = nullptr;
  begin_ = end_ = capacity_ = high_ = 0;
}

}  // namespace coffer::http
