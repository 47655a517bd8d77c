#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

namespace coffer::storage {

// Lets any number of threads through until it is shut, for good; shutting waits for those inside. Threads count in lanes of their own, so
// that passing costs two uncontended additions and no lock.
class Gate {
  struct alignas(64) Lane {
    std::atomic<std::uint32_t> inside{0};
  };

 public:
  // Keeps the gate from shutting while it lives; false when the gate is shut already.
  class Pass {
   public:
    explicit Pass(Gate& gate) : lane_(&gate.my_lane()) {
      lane_->inside.fetch_add(1, std::memory_order_seq_cst);
      if (!gate.shut_.load(std::memory_order_seq_cst)) return;
      lane_->inside.fetch_sub(1, std::memory_order_release);
      lane_ = nullptr;
    }
    ~Pass() {
      if (lane_) lane_->inside.fetch_sub(1, std::memory_order_release);
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return lane_ != nullptr; }

   private:
    Lane* lane_;
  };

  void shut() {
    shut_.store(true, std::memory_order_seq_cst);
    for (Lane& lane : lanes_) {
      while (lane.inside.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
    }
  }

 private:
  Lane& my_lane() {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
    return lanes_[mine % lanes_.size()];
  }

  std::array<Lane, 32> lanes_;
  std::atomic<bool> shut_{false};
};

}  // namespace coffer::storage
