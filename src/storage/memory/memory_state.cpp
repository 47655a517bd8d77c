#include "storage/memory/memory_state.h"

#include <new>

#include "storage/listing.h"
#include "storage/memory/tree.h"

namespace coffer::storage {
namespace {

// A cursor in the form that list_children takes.
struct ListingCursor {
  explicit ListingCursor(const memory::Tree& tree) : cursor(tree) {}
  Result<bool> seek(std::string_view from) { return cursor.seek(from); }
  Result<bool> next() { return cursor.next(); }
  [[nodiscard]] std::string_view key() const { return cursor.record().key(); }
  memory::Cursor cursor;
};

class MemoryView final : public ReadView {
 public:
  MemoryView(memory::Tree tree, Position position) : tree_(std::move(tree)), position_(position) {}
  [[nodiscard]] Position position() const override { return position_; }
  [[nodiscard]] Result<bool> get(std::string_view key, std::string& value) const override {
    const memory::Record* const record = tree_.find(key);
    if (record) value.assign(record->value());
    return record != nullptr;
  }
  [[nodiscard]] Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                          std::size_t limit) const override {
    ListingCursor cursor(tree_);
    return list_children(cursor, prefix, delimiter, after, limit);
  }
  [[nodiscard]] Result<std::vector<Change>> scan(std::string_view from, std::string_view end, std::size_t limit) const override {
    if (limit == 0) limit = default_page;
    std::vector<Change> out;
    memory::Cursor cursor(tree_);
    for (bool found = cursor.seek(from); found && out.size() < limit; found = cursor.next()) {
      const memory::Record& record = cursor.record();
      if (!end.empty() && record.key() >= end) break;
      out.push_back({std::string(record.key()), std::string(record.value())});
    }
    return out;
  }

 private:
  const memory::Tree tree_;
  const Position position_;
};

class MemoryState final : public State {
 public:
  [[nodiscard]] Condition condition() const override { return Condition::healthy; }
  [[nodiscard]] std::shared_ptr<const ReadView> snapshot() const override {
    const std::scoped_lock lock(mutex_);
    return view_;
  }
  [[nodiscard]] Result<Head> head() const override {
    const std::scoped_lock lock(mutex_);
    return head_;
  }
  [[nodiscard]] Position highest_seen() const override {
    const std::scoped_lock lock(mutex_);
    return head_.position;
  }
  [[nodiscard]] bool wants_cache() const override { return false; }

  [[nodiscard]] Result<void> apply(const Batch& batch, Position position, Epoch epoch, bool /*sync*/) override try {
    memory::Tree changed = tree_;
    ++edit_;  // of this attempt alone: nodes of a failed one are never edited again
    for (const Change& change : batch.changes) {
      if (change.value) {
        changed.put(memory::Record::make(change.key, *change.value), edit_);
      } else {
        changed.erase(change.key, edit_);
      }
    }
    std::shared_ptr<const ReadView> view = std::make_shared<MemoryView>(changed, position);
    tree_ = std::move(changed);
    const std::scoped_lock lock(mutex_);
    view_.swap(view);
    head_ = {position, epoch, batch.id};
    return {};
  } catch (const std::bad_alloc&) {
    // The tree in use is untouched, so that this is as harmless as a full disk.
    return fail(Code::storage_full, "the server has no memory left for this write");
  }

  [[nodiscard]] Result<void> checkpoint(const std::string& /*folder*/) const override {
    return fail(Code::unsupported_operation, "in-memory storage keeps nothing on disk, so it cannot be copied; use the rocksdb storage");
  }
  [[nodiscard]] Result<void> reopen() override { return {}; }

 private:
  memory::Tree tree_;  // the writer's
  std::uint64_t edit_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const ReadView> view_ = std::make_shared<MemoryView>(memory::Tree(), 0);  // guarded by mutex_, as is
  Head head_;                                                                              // this
};

}  // namespace

namespace {
class SharedState final : public State {
 public:
  explicit SharedState(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Condition condition() const override { return state_->condition(); }
  std::shared_ptr<const ReadView> snapshot() const override { return state_->snapshot(); }
  Result<Head> head() const override { return state_->head(); }
  Position highest_seen() const override { return state_->highest_seen(); }
  bool wants_cache() const override { return state_->wants_cache(); }
  Result<void> apply(const Batch& batch, Position position, Epoch epoch, bool sync) override { return state_->apply(batch, position, epoch, sync); }
  Result<void> checkpoint(const std::string& folder) const override { return state_->checkpoint(folder); }
  Result<void> reopen() override { return state_->reopen(); }

 private:
  std::shared_ptr<State> state_;
};
}  // namespace

std::unique_ptr<State> share_state(std::shared_ptr<State> state) { return std::make_unique<SharedState>(std::move(state)); }
std::unique_ptr<State> make_memory_state() { return std::make_unique<MemoryState>(); }

}  // namespace coffer::storage
