#include "storage/publisher.h"

namespace coffer::storage {
namespace {

// A state's view with the cache in front of its gets.
class CachedView final : public ReadView {
 public:
  CachedView(std::shared_ptr<const ReadView> raw, std::shared_ptr<RawCache> cache)
      : raw_(std::move(raw)), cache_(std::move(cache)), position_(raw_->position()) {}
  [[nodiscard]] Position position() const override { return position_; }
  [[nodiscard]] Result<bool> get(std::string_view key, std::string& value) const override {
    if (!cache_) return raw_->get(key, value);
    if (cache_->find(key, position_, value)) return true;
    auto found = raw_->get(key, value);
    if (found && *found) cache_->insert(key, value, position_);
    return found;
  }
  [[nodiscard]] Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                          std::size_t limit) const override {
    return raw_->children(prefix, delimiter, after, limit);
  }
  [[nodiscard]] Result<std::vector<Change>> scan(std::string_view from, std::string_view end, std::size_t limit) const override {
    return raw_->scan(from, end, limit);
  }

 private:
  const std::shared_ptr<const ReadView> raw_;
  const std::shared_ptr<RawCache> cache_;
  const Position position_;
};

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

struct alignas(64) Publisher::Slot {
  std::mutex mutex;
  std::uint64_t sequence = 0;             // guarded by mutex
  std::shared_ptr<const ReadView> view;   // guarded by mutex
  std::atomic<bool> dead{false};          // the publisher has gone
};

// The slots of one thread; usually there is one publisher. The publisher shares each slot and outlives or buries it.
struct Publisher::ThreadSlots {
  std::vector<std::pair<std::uint64_t, std::shared_ptr<Slot>>> slots;
};

Publisher::Publisher(std::shared_ptr<RawCache> cache) : id_(next_id()), cache_(std::move(cache)) {}

Publisher::~Publisher() {
  for (const auto& slot : slots_) {
    const std::scoped_lock lock(slot->mutex);
    slot->view.reset();
    slot->dead.store(true);
  }
}

void Publisher::publish(std::shared_ptr<const ReadView> raw) {
  const Position position = raw->position();
  {
    const std::scoped_lock lock(latest_mutex_);
    latest_.swap(raw);
    sequence_.fetch_add(1, std::memory_order_release);
  }
  position_.store(position, std::memory_order_release);
}  // the former view is dropped here, outside the lock

Publisher::Slot& Publisher::my_slot() const {
  thread_local ThreadSlots mine;
  for (const auto& [id, slot] : mine.slots) {
    if (id == id_) return *slot;
  }
  std::erase_if(mine.slots, [](const auto& entry) { return entry.second->dead.load(); });
  auto slot = std::make_shared<Slot>();
  mine.slots.emplace_back(id_, slot);
  const std::scoped_lock lock(slots_mutex_);
  slots_.push_back(slot);
  return *slot;
}

std::shared_ptr<const ReadView> Publisher::current() const {
  Slot& slot = my_slot();
  std::shared_ptr<const ReadView> old;  // dropped after the lock
  const std::scoped_lock lock(slot.mutex);
  if (slot.view && slot.sequence == sequence_.load(std::memory_order_acquire)) return slot.view;
  old = std::move(slot.view);
  const std::scoped_lock latest_lock(latest_mutex_);
  slot.sequence = sequence_.load(std::memory_order_relaxed);
  slot.view = std::make_shared<CachedView>(latest_, cache_);
  return slot.view;
}

void Publisher::sweep() {
  std::vector<std::shared_ptr<const ReadView>> old;  // dropped after the locks
  const std::scoped_lock lock(slots_mutex_);
  const std::uint64_t now = sequence_.load(std::memory_order_relaxed);
  for (const auto& slot : slots_) {
    const std::unique_lock slot_lock(slot->mutex, std::try_to_lock);
    if (slot_lock && slot->view && slot->sequence != now) old.push_back(std::move(slot->view));
  }
  std::erase_if(slots_, [&](const auto& slot) {
    if (slot.use_count() > 1) return false;  // its thread lives
    old.push_back(std::move(slot->view));
    return true;
  });
}

}  // namespace coffer::storage
