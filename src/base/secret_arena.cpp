#include "base/secret_arena.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <mutex>

#include "base/secret.h"

#if defined(__SANITIZE_ADDRESS__)
#define COFFER_ARENA_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COFFER_ARENA_OFF 1
#endif
#endif

namespace coffer::arena {

#ifdef COFFER_ARENA_OFF

// Under AddressSanitizer every secret is a block of malloc's, so that overruns are seen.
std::byte* allocate(std::size_t) noexcept { return nullptr; }
bool owns(const std::byte*) noexcept { return false; }
void release(std::byte*, std::size_t) noexcept {}
Report report() noexcept { return {}; }

#else

namespace {

constexpr std::size_t slab_bytes = 4u << 20;
constexpr std::size_t smallest_chunk = 16u << 10;
constexpr std::array<std::size_t, 16> class_sizes{16,  32,   48,   64,   96,   128,  192,  256,
                                                  512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
constexpr std::size_t largest = class_sizes.back();
// Bytes and blocks that a thread may keep of one class.
constexpr std::size_t cached_bytes = 8u << 10;
constexpr std::uint32_t cached_blocks = 64;

// A free block holds the address of the next one in its first bytes; the rest of it is zero.
struct Free {
  Free* next;
};

constexpr std::uint32_t limit_of(std::size_t cls) {
  const std::size_t blocks = cached_bytes / class_sizes[cls];
  return blocks > cached_blocks ? cached_blocks : static_cast<std::uint32_t>(blocks);  // 0: the class is not kept per thread
}

// Class of each size up to 256 by 16s; larger ones are powers of two.
constexpr auto small_classes = [] {
  std::array<std::uint8_t, 17> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::uint8_t cls = 0;
    while (class_sizes[cls] < i * 16) ++cls;
    table[i] = cls;
  }
  return table;
}();
std::size_t class_of(std::size_t size) {
  if (size <= 256) return small_classes[(size + 15) / 16];
  return 8 + static_cast<std::size_t>(std::bit_width((size - 1) >> 9));
}
static_assert(class_sizes[8] == 512);

struct List {
  Free* head = nullptr;
  std::uint32_t count = 0;
  Free* pop() {
    Free* block = head;
    head = block->next;
    --count;
    return block;
  }
  void push(Free* block) {
    block->next = head;
    head = block;
    ++count;
  }
};

// What all threads share; reached only when a thread's own list is empty or full.
struct Central {
  std::mutex mutex;
  std::byte* slab = nullptr;
  std::size_t used = 0;    // handed to classes
  std::size_t locked = 0;
  std::array<List, class_sizes.size()> lists;

  Central() {
    void* map = ::mmap(nullptr, slab_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return;
    slab = static_cast<std::byte*>(map);
    ::madvise(map, slab_bytes, MADV_DONTDUMP);
    // The lock budget may be small or partly used: lock as much of the front as is allowed. Pages are locked as they are first touched, so that
    // the command line, which needs few, does not pay for all.
    for (std::size_t bytes = slab_bytes; bytes >= smallest_chunk; bytes /= 2) {
      if (::mlock2(map, bytes, MLOCK_ONFAULT) == 0) {
        locked = bytes;
        break;
      }
    }
  }
  // One block, and up to `extra` more into `into`.
  Free* take(std::size_t cls, std::uint32_t extra, List& into) {
    const std::lock_guard lock(mutex);
    List& list = lists[cls];
    if (!list.head) carve(cls, list);
    if (!list.head) return nullptr;
    Free* block = list.pop();
    while (extra-- > 0 && list.head) into.push(list.pop());
    return block;
  }
  void give(std::size_t cls, List& from, std::uint32_t keep) {
    const std::lock_guard lock(mutex);
    while (from.count > keep) lists[cls].push(from.pop());
  }

 private:
  void carve(std::size_t cls, List& list) {
    const std::size_t size = class_sizes[cls];
    const std::size_t chunk = std::max(smallest_chunk, size * 2);
    if (!slab || slab_bytes - used < chunk) return;
    std::byte* at = slab + used;
    used += chunk;
    for (std::size_t offset = chunk / size * size; offset >= size; offset -= size) {
      list.push(reinterpret_cast<Free*>(at + offset - size));
    }
  }
};

std::atomic<const std::byte*> slab_start{nullptr};

Central& central() {
  // Never destroyed: secrets in static objects may be freed after it would have been.
  static Central* const instance = [] {
    auto* made = new Central;
    slab_start.store(made->slab, std::memory_order_release);
    return made;
  }();
  return *instance;
}

// Trivially destructible, so that it may be used while other thread-local objects are destroyed; Flusher empties it before that.
struct ThreadCache {
  std::array<List, class_sizes.size()> lists;
  bool closed;
};
thread_local constinit ThreadCache cache{};

struct Flusher {
  bool armed = true;
  ~Flusher() {
    cache.closed = true;
    for (std::size_t cls = 0; cls < class_sizes.size(); ++cls) {
      if (cache.lists[cls].head) central().give(cls, cache.lists[cls], 0);
    }
  }
};
void arm_flusher() {
  thread_local Flusher flusher;
  asm volatile("" : : "r"(&flusher) : "memory");
}

Free* refill(std::size_t cls) {
  List& mine = cache.lists[cls];
  if (cache.closed) return central().take(cls, 0, mine);
  arm_flusher();
  return central().take(cls, limit_of(cls) / 2, mine);
}

void overflow(std::size_t cls, List& mine) {
  if (!cache.closed) arm_flusher();
  central().give(cls, mine, cache.closed ? 0 : limit_of(cls) / 2);
}

}  // namespace

std::byte* allocate(std::size_t size) noexcept {
  if (size > largest) return nullptr;
  const std::size_t cls = class_of(size);
  List& mine = cache.lists[cls];
  Free* block = mine.head ? mine.pop() : refill(cls);
  if (!block) return nullptr;
  block->next = nullptr;
  return reinterpret_cast<std::byte*>(block);
}

bool owns(const std::byte* data) noexcept {
  const std::byte* start = slab_start.load(std::memory_order_relaxed);
  return start && static_cast<std::size_t>(data - start) < slab_bytes;
}

void release(std::byte* data, std::size_t size) noexcept {
  wipe(data, size);
  const std::size_t cls = class_of(size);
  List& mine = cache.lists[cls];
  mine.push(reinterpret_cast<Free*>(data));
  if (mine.count > limit_of(cls) || cache.closed) [[unlikely]] overflow(cls, mine);
}

Report report() noexcept {
  Central& c = central();
  const std::lock_guard lock(c.mutex);
  return {c.slab ? slab_bytes : 0, c.locked, c.used};
}

#endif

}  // namespace coffer::arena
