#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace coffer::crypto {

// One thread's value of one PerThread. Its flag is taken by its own thread at each use, and by the owner only to clear: the hot path never waits
// for another request.
class ThreadSlot {
 public:
  ThreadSlot(std::uint64_t owner, void (*destroy)(void*)) : owner_(owner), destroy_(destroy) {}
  ThreadSlot(const ThreadSlot&) = delete;
  ThreadSlot& operator=(const ThreadSlot&) = delete;
  ~ThreadSlot() { clear(); }
  void lock() {
    if (busy_.exchange(true, std::memory_order_acquire)) [[unlikely]] wait();
  }
  void unlock() { busy_.store(false, std::memory_order_release); }
  void clear() {
    if (value) destroy_(std::exchange(value, nullptr));
  }
  [[nodiscard]] std::uint64_t owner() const { return owner_; }
  // Set once by an owner that is going; its thread then drops the slot.
  std::atomic<bool> abandoned{false};
  void* value = nullptr;

 private:
  void wait();
  std::atomic<bool> busy_{false};
  const std::uint64_t owner_;
  void (*const destroy_)(void*);
};

// The slots of one PerThread, for clearing.
class ThreadSlots {
 public:
  explicit ThreadSlots(void (*destroy)(void*));
  ~ThreadSlots();
  ThreadSlots(const ThreadSlots&) = delete;
  ThreadSlots& operator=(const ThreadSlots&) = delete;
  [[nodiscard]] ThreadSlot& mine();
  void clear();

 private:
  ThreadSlot& find_or_make();
  const std::uint64_t id_;
  void (*const destroy_)(void*);
  std::mutex mutex_;
  std::vector<std::weak_ptr<ThreadSlot>> slots_;  // guarded by mutex_
};

// A T for every thread that uses it, made when first needed, destroyed with its thread, by clear() or with the owner. For cipher
// contexts: kept, never shared, and gone from all threads when the keys must go.
template <class T>
class PerThread {
 public:
  PerThread() : slots_([](void* value) { delete static_cast<T*>(value); }) {}
  // Calls use(T&) with this thread's own T. `use` must not use the same PerThread again.
  template <class F>
  auto with(F&& use) {
    ThreadSlot& slot = slots_.mine();
    const std::lock_guard lock(slot);
    if (!slot.value) [[unlikely]] slot.value = new T();
    return std::forward<F>(use)(*static_cast<T*>(slot.value));
  }
  // Destroys every thread's T; waits for those in use at the moment.
  void clear() { slots_.clear(); }

 private:
  ThreadSlots slots_;
};

}  // namespace coffer::crypto
