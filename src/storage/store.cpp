#include "storage/store.h"

#include <condition_variable>
#include <deque>
#include <new>
#include <semaphore>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "storage/group.h"

namespace coffer::storage {

class Store::Pending {
 public:
  Queued queued;
};

void Store::PendingDeleter::operator()(Pending* pending) const { delete pending; }

namespace {

std::uint64_t random_id() {
  std::uint64_t id = 0;
  while (id == 0) system_random().fill(std::as_writable_bytes(std::span(&id, 1)));
  return id;
}

Error unknown_outcome() { return {Code::unavailable, "the write could not be completed; it may or may not have taken effect"}; }
Error stopped_writing() { return {Code::unavailable, "this server cannot write to its storage at the moment; reads go on"}; }

class EmbeddedStore final : public Store {
 public:
  EmbeddedStore(std::unique_ptr<State> state, StoreOptions options, const Head& head);
  ~EmbeddedStore() override { close(); }
  void start() {
    committer_ = std::thread([this] { run_committer(); });
    committer_id_ = committer_.get_id();
  }

  [[nodiscard]] std::shared_ptr<const ReadView> snapshot() const override { return publisher_.current(); }
  [[nodiscard]] Result<PendingPtr> run(Work work) override;
  void commit(PendingPtr pending, Done done) override;
  [[nodiscard]] Result<Position> transact(Work work) override;
  void observe(Observer* observer) override { observers_.push_back(observer); }
  [[nodiscard]] Position position() const override { return publisher_.position(); }
  [[nodiscard]] Result<void> health() const override;
  [[nodiscard]] Condition condition() const override { return state_->condition(); }
  [[nodiscard]] Position highest_seen() const override { return state_->highest_seen(); }
  [[nodiscard]] Result<void> checkpoint(const std::string& folder) const override { return state_->checkpoint(folder); }
  void close() override;

 private:
  // All below runs on the committer's thread.
  void run_committer();
  void commit_some();
  void commit_group(Group& group);
  void settle(Batch& batch) noexcept;  // the batch has been applied: tell, publish, remember; takes its keys
  void publish_latest();
  void look_after_state();
  void reopen();
  void announce_failure();

  const StoreOptions options_;
  const std::unique_ptr<State> state_;
  const std::shared_ptr<RawCache> cache_;  // null without one
  Publisher publisher_;

  std::mutex queue_mutex_;
  std::condition_variable wake_;
  std::vector<Queued> queue_;  // guarded by queue_mutex_, as are
  bool waiting_ = false;       // the committer sleeps
  bool closing_ = false;       // these

  // Of the committer's thread.
  std::vector<Observer*> observers_;  // filled before the first commit
  std::deque<Queued> taken_;
  RecentChanges recent_;
  std::shared_ptr<const ReadView> latest_;  // with the cache in front
  Position position_;
  const Epoch epoch_;
  std::optional<Batch> in_doubt_;  // applied or not: the state's head will tell
  bool failure_announced_ = false;
  std::chrono::steady_clock::time_point last_care_ = std::chrono::steady_clock::now();

  std::mutex close_mutex_;
  std::thread committer_;
  std::thread::id committer_id_;
};

EmbeddedStore::EmbeddedStore(std::unique_ptr<State> state, StoreOptions options, const Head& head)
    : options_(std::move(options)),
      state_(std::move(state)),
      cache_(options_.cache_bytes > 0 && state_->wants_cache() ? std::make_shared<RawCache>(options_.cache_bytes) : nullptr),
      publisher_(cache_),
      recent_(head.position),
      position_(head.position),
      epoch_(std::max<Epoch>(head.epoch, 1)) {
  publisher_.publish(state_->snapshot());
  latest_ = publisher_.current();
}

Result<Store::PendingPtr> EmbeddedStore::run(Work work) try {
  PendingPtr pending(new Pending);
  Queued& queued = pending->queued;
  auto view = snapshot();
  queued.read_at = view->position();
  queued.transaction = std::make_unique<OptimisticTransaction>(std::move(view));
  queued.work = std::move(work);
  CHECK_OK(run_work(queued.work, *queued.transaction));
  queued.transaction->release_base();
  return pending;
} catch (const std::bad_alloc&) {
  return fail(Code::unavailable, "the server has no memory left for this request");
}

void EmbeddedStore::commit(PendingPtr pending, Done done) {
  Queued& queued = pending->queued;
  if (!queued.transaction->wrote()) return call_done(done, queued.read_at);
  bool closing = false;
  {
    const std::scoped_lock lock(queue_mutex_);
    closing = closing_;
    if (!closing && queue_.size() < options_.queue_limit) {
      queued.done = std::move(done);
      queue_.push_back(std::move(queued));
      if (std::exchange(waiting_, false)) wake_.notify_one();
      return;
    }
  }
  call_done(done, fail(Code::unavailable, closing ? "the storage is closing" : "write queue full"));
}

Result<Position> EmbeddedStore::transact(Work work) {
  if (std::this_thread::get_id() == committer_id_) return fail(Code::internal, "a commit cannot wait for another one");
  PendingPtr pending = TRY(run(std::move(work)));
  Result<Position> outcome = fail(Code::internal, "no outcome");
  std::binary_semaphore ready(0);
  commit(std::move(pending), [&](Result<Position> result) {
    outcome = std::move(result);
    ready.release();
  });
  ready.acquire();
  return outcome;
}

Result<void> EmbeddedStore::health() const {
  switch (state_->condition()) {
    case Condition::healthy: return {};
    case Condition::full: return fail(Code::storage_full, "the data disk is nearly full: writes are refused until there is space");
    case Condition::no_space: return fail(Code::storage_full, "the data disk is full: writes resume by themselves once there is space");
    case Condition::failed: break;
  }
  return fail(Code::unavailable, "a write to the data disk failed: this server must be restarted");
}

void EmbeddedStore::close() {
  const std::scoped_lock close_lock(close_mutex_);
  {
    const std::scoped_lock lock(queue_mutex_);
    closing_ = true;
    wake_.notify_one();
  }
  if (committer_.joinable()) committer_.join();
}

void EmbeddedStore::run_committer() {
  std::vector<Queued> fresh;
  while (true) {
    {
      std::unique_lock lock(queue_mutex_);
      if (queue_.empty() && !closing_) {
        waiting_ = true;
        wake_.wait_for(lock, options_.retry_interval, [this] { return !queue_.empty() || closing_; });
        waiting_ = false;
      }
      if (queue_.empty() && closing_) return;
      fresh.swap(queue_);
    }
    for (Queued& queued : fresh) taken_.push_back(std::move(queued));
    fresh.clear();
    while (!taken_.empty()) commit_some();
    look_after_state();
  }
}

// One group of what has been taken from the queue. Whatever happens, every `done` of it is called.
void EmbeddedStore::commit_some() {
  Group group(*latest_, recent_, position_ + 1);
  try {
    for (std::size_t n = 0; n < options_.group_limit && !taken_.empty() && group.bytes() < options_.group_bytes; ++n) {
      group.admit(taken_.front());
      taken_.pop_front();
    }
    commit_group(group);
  } catch (const std::exception& e) {
    log::error("storage: a commit failed: {}", e.what());
    group.finish(std::unexpected(unknown_outcome()));
  }
}

void EmbeddedStore::commit_group(Group& group) {
  if (group.empty()) return group.finish(position_);
  const Condition condition = state_->condition();
  if (condition == Condition::no_space || condition == Condition::failed) return group.finish(std::unexpected(stopped_writing()));
  Batch batch = group.take_batch(random_id());
  if (auto applied = state_->apply(batch, position_ + 1, epoch_, true); !applied) {
    if (applied.error().code != Code::storage_full) {
      log::error("storage: a commit failed: {}", applied.error().message);
      in_doubt_ = std::move(batch);
      applied = std::unexpected(unknown_outcome());
    }
    group.finish(std::unexpected(std::move(applied).error()));
    return look_after_state();
  }
  settle(batch);
  group.finish(position_);
}

// The batch stands, so nothing here may fail half-way: a cache that was not told would go on answering for what has been revoked.
void EmbeddedStore::settle(Batch& batch) noexcept {
  ++position_;
  if (cache_) cache_->applied(batch.changes, position_);
  for (Observer* const observer : observers_) observer->applied(batch.changes, position_);
  publish_latest();
  recent_.remember(position_, batch);
}

void EmbeddedStore::publish_latest() {
  while (true) {
    try {
      publisher_.publish(state_->snapshot());
      latest_ = publisher_.current();
      return;
    } catch (const std::bad_alloc&) {  // the next batch must not be built on the former view
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

// What is due now and then: to let go of views that idle threads hold, and to see how the state does.
void EmbeddedStore::look_after_state() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_care_ >= options_.retry_interval) {
    last_care_ = now;
    publisher_.sweep();
    if (state_->condition() == Condition::no_space) reopen();
  }
  if (state_->condition() == Condition::failed) announce_failure();
}

void EmbeddedStore::reopen() {
  if (auto opened = state_->reopen(); !opened) {
    if (opened.error().code != Code::storage_full) log::error("storage: opening again failed: {}", opened.error().message);
    return;
  }
  const auto head = state_->head();
  if (!head) return log::error("storage: opening again failed: {}", head.error().message);
  if (in_doubt_ && head->position == position_ + 1 && head->batch == in_doubt_->id) {
    settle(*in_doubt_);
    log::info("storage: the write of unknown outcome has taken effect");
  } else if (head->position == position_) {
    publish_latest();  // the former views died with the former state
  } else {
    log::error("storage: opened again at position {}, expected {}", head->position, position_);
    return announce_failure();
  }
  in_doubt_.reset();
  log::info("storage: opened again, writes resume");
}

void EmbeddedStore::announce_failure() {
  if (std::exchange(failure_announced_, true)) return;
  log::error("storage: writes have failed for good; the server must be restarted");
  if (options_.on_failed) options_.on_failed(stopped_writing());
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<State> state, StoreOptions options) try {
  const Head head = TRY(state->head());
  auto store = std::make_unique<EmbeddedStore>(std::move(state), std::move(options), head);
  store->start();
  return store;
} catch (const std::exception&) {
  return fail(Code::unavailable, "the server has no resources to open its storage");
}

}  // namespace coffer::storage
