#pragma once
// For tests: a state whose writes can be slowed, or made to fail before or after they take effect.
#include <thread>

#include "storage/state.h"

namespace coffer::storage {

// What the test and its FaultyState share.
struct Faults {
  enum class Apply : std::uint8_t {
    works,
    refuses_for_space,     // Code::storage_full, nothing written
    fails_before,          // poisoned, nothing written
    fails_after,           // poisoned, though the batch has been written
  };
  std::atomic<Apply> apply{Apply::works};
  std::atomic<Condition> poison{Condition::no_space};   // what a failing apply leads to
  std::atomic<Condition> condition{Condition::healthy};
  std::atomic<bool> space_is_back{false};               // whether reopen() succeeds
  std::atomic<int> sync_milliseconds{0};
  std::atomic<int> applies{0};
  std::atomic<std::size_t> largest_batch{0};
  std::atomic<std::uint64_t> last_id{0};
};

class FaultyState final : public State {
 public:
  FaultyState(std::unique_ptr<State> inner, std::shared_ptr<Faults> faults) : inner_(std::move(inner)), faults_(std::move(faults)) {}
  [[nodiscard]] Condition condition() const override { return faults_->condition; }
  [[nodiscard]] std::shared_ptr<const ReadView> snapshot() const override { return inner_->snapshot(); }
  [[nodiscard]] Result<Head> head() const override { return inner_->head(); }
  [[nodiscard]] Position highest_seen() const override { return inner_->highest_seen(); }
  [[nodiscard]] bool wants_cache() const override { return true; }  // so that tests meet the cache too
  [[nodiscard]] Result<void> checkpoint(const std::string& folder) const override { return inner_->checkpoint(folder); }
  [[nodiscard]] Result<void> apply(const Batch& batch, Position position, Epoch epoch, bool sync) override {
    ++faults_->applies;
    faults_->largest_batch = std::max<std::size_t>(faults_->largest_batch, batch.changes.size());
    faults_->last_id = batch.id;
    std::this_thread::sleep_for(std::chrono::milliseconds(faults_->sync_milliseconds.load()));
    const auto mode = faults_->apply.load();
    if (mode == Faults::Apply::refuses_for_space) return fail(Code::storage_full, "no space");
    if (mode != Faults::Apply::fails_before) CHECK_OK(inner_->apply(batch, position, epoch, sync));
    if (mode == Faults::Apply::works) return {};
    faults_->condition = faults_->poison.load();
    return fail(Code::unavailable, "the disk failed");
  }
  [[nodiscard]] Result<void> reopen() override {
    if (!faults_->space_is_back) return fail(Code::storage_full, "still no space");
    faults_->condition = Condition::healthy;
    return {};
  }

 private:
  const std::unique_ptr<State> inner_;
  const std::shared_ptr<Faults> faults_;
};

}  // namespace coffer::storage
