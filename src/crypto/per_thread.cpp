#include "crypto/per_thread.h"

#include <algorithm>
#include <thread>

namespace coffer::crypto {
namespace {

std::atomic<std::uint64_t> next_owner{1};  // never given twice, so that a stale slot fits nobody

// The last slots this thread used, by owner: found without a search, and trivially destructible.
struct Recent {
  std::uint64_t owner;
  ThreadSlot* slot;
};
thread_local constinit std::array<Recent, 8> recent{};

// All slots of this thread. Owners hold them weakly: a slot dies with its thread.
thread_local std::vector<std::shared_ptr<ThreadSlot>> own_slots;

}  // namespace

void ThreadSlot::wait() {
  do {
    std::this_thread::yield();
  } while (busy_.exchange(true, std::memory_order_acquire));
}

ThreadSlots::ThreadSlots(void (*destroy)(void*)) : id_(next_owner.fetch_add(1)), destroy_(destroy) {}

ThreadSlots::~ThreadSlots() {
  clear();
  const std::lock_guard lock(mutex_);
  for (const auto& weak : slots_) {
    if (const auto slot = weak.lock()) slot->abandoned = true;
  }
}

ThreadSlot& ThreadSlots::mine() {
  const Recent& entry = recent[id_ % recent.size()];
  if (entry.owner == id_) [[likely]] return *entry.slot;
  return find_or_make();
}

ThreadSlot& ThreadSlots::find_or_make() {
  auto found = std::find_if(own_slots.begin(), own_slots.end(), [this](const auto& slot) { return slot->owner() == id_; });
  if (found == own_slots.end()) {
    recent = {};
    std::erase_if(own_slots, [](const auto& slot) { return slot->abandoned.load(); });
    own_slots.push_back(std::make_shared<ThreadSlot>(id_, destroy_));
    found = own_slots.end() - 1;
    const std::lock_guard lock(mutex_);
    std::erase_if(slots_, [](const auto& slot) { return slot.expired(); });
    slots_.emplace_back(*found);
  }
  recent[id_ % recent.size()] = {id_, found->get()};
  return **found;
}

void ThreadSlots::clear() {
  const std::lock_guard lock(mutex_);
  for (const auto& weak : slots_) {
    if (const auto slot = weak.lock()) {
      const std::lock_guard busy(*slot);
      slot->clear();
    }
  }
}

}  // namespace coffer::crypto
