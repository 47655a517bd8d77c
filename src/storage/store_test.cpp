#include "storage/store.h"

#include <condition_variable>
#include <future>
#include <semaphore>

#include "storage/conformance.h"
#include "storage/faulty_state.h"
#include "storage/memory/memory_state.h"

namespace coffer::storage::conformance {
namespace {

// The memory state with the cache of slow states in front, and a sync that takes its time.
struct SlowHarness {
  std::unique_ptr<State> open() {
    auto faults = std::make_shared<Faults>();
    faults->sync_milliseconds = 1;
    return std::make_unique<FaultyState>(make_memory_state(), faults);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(SlowAndCached, StoreConformance, SlowHarness);

Work putting(std::string key, std::string value) {
  return [key = std::move(key), value = std::move(value)](RawTransaction& t) -> Result<void> {
    t.put(key, value);
    return {};
  };
}

class StoreTest : public ::testing::Test {
 protected:
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
  std::unique_ptr<Store> store_;
  std::atomic<int> failures_{0};

  void SetUp() override { open({}); }
  void open(StoreOptions options) {
    store_.reset();
    options.retry_interval = std::chrono::milliseconds(20);
    options.on_failed = [this](const Error&) { ++failures_; };
    auto opened = Store::open(std::make_unique<FaultyState>(make_memory_state(), faults_), std::move(options));
    ASSERT_TRUE(opened);
    store_ = *std::move(opened);
  }
  std::string get(std::string_view key) { return value_of(*store_->snapshot(), key); }
  template <class Condition>
  bool soon(Condition condition) {
    for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return condition();
  }
  // Commits what has run; the future holds the outcome.
  std::future<Result<Position>> commit(Store::PendingPtr pending) {
    auto promise = std::make_shared<std::promise<Result<Position>>>();
    auto future = promise->get_future();
    store_->commit(std::move(pending), [promise](Result<Position> outcome) { promise->set_value(std::move(outcome)); });
    return future;
  }
};

TEST_F(StoreTest, CountsPositionsByBatch) {
  EXPECT_EQ(*store_->transact(putting("a", "1")), 1U);
  EXPECT_EQ(*store_->transact(putting("a", "2")), 2U);
  EXPECT_EQ(store_->position(), 2U);
  EXPECT_NE(faults_->last_id, 0U);
  EXPECT_EQ(get("a"), "2");
}

TEST_F(StoreTest, ManyWritersShareASync) {
  faults_->sync_milliseconds = 5;
  std::vector<std::thread> threads;
  for (int w = 0; w < 32; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(store_->transact(putting("k" + std::to_string(w), std::to_string(i))));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LT(faults_->applies, 60);
  EXPECT_GT(faults_->largest_batch, 8U);
}

TEST_F(StoreTest, AReadOnlyTransactionEndsAtOnce) {
  ASSERT_TRUE(store_->transact(putting("a", "1")));
  auto pending = store_->run([](RawTransaction& t) -> Result<void> {
    std::string value;
    TRY(t.get("a", value));
    return {};
  });
  ASSERT_TRUE(pending);
  Position told = 0;
  store_->commit(*std::move(pending), [&](Result<Position> outcome) { told = *outcome; });
  EXPECT_EQ(told, 1U);
  EXPECT_EQ(faults_->applies, 1);
}

TEST_F(StoreTest, RunsAgainOnlyWhatReadSomethingThatChanged) {
  std::atomic<int> reader_runs{0};
  std::atomic<int> blind_runs{0};
  std::atomic<int> other_runs{0};
  auto reader = store_->run([&](RawTransaction& t) -> Result<void> {
    ++reader_runs;
    std::string value;
    const bool found = TRY(t.get("a", value));
    t.put("seen", found ? value : "nothing");
    return {};
  });
  auto blind = store_->run([&](RawTransaction& t) -> Result<void> {
    ++blind_runs;
    t.put("a", "blind");
    return {};
  });
  auto other = store_->run([&](RawTransaction& t) -> Result<void> {
    ++other_runs;
    std::string value;
    TRY(t.get("unrelated", value));
    t.put("other", "x");
    return {};
  });
  ASSERT_TRUE(store_->transact(putting("a", "changed")));
  EXPECT_TRUE(commit(*std::move(reader)).get());
  EXPECT_TRUE(commit(*std::move(blind)).get());
  EXPECT_TRUE(commit(*std::move(other)).get());
  EXPECT_EQ(reader_runs, 2);
  EXPECT_EQ(blind_runs, 1);
  EXPECT_EQ(other_runs, 1);
  EXPECT_EQ(get("seen"), "changed");
  EXPECT_EQ(get("a"), "blind");
}

TEST_F(StoreTest, ConflictsInsideOneGroupRunOnTopOfThePendingBatch) {
  faults_->sync_milliseconds = 30;
  auto first = commit(*store_->run(putting("warm", "up")));  // holds the committer while the others queue up
  std::vector<std::future<Result<Position>>> outcomes;
  for (int i = 0; i < 10; ++i) {
    outcomes.push_back(commit(*store_->run([](RawTransaction& t) -> Result<void> {
      std::string value;
      const int before = TRY(t.get("n", value)) ? std::stoi(value) : 0;
      t.put("n", std::to_string(before + 1));
      return {};
    })));
  }
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get());
  EXPECT_EQ(get("n"), "10");
  EXPECT_LE(faults_->applies, 3);
}

TEST_F(StoreTest, ASecondRunMayRefuse) {
  auto create = [](RawTransaction& t) -> Result<void> {
    std::string value;
    if (TRY(t.get("only", value))) return fail(Code::conflict, "exists");
    t.put("only", "one");
    return {};
  };
  auto one = store_->run(create);
  auto two = store_->run(create);
  EXPECT_TRUE(commit(*std::move(one)).get());
  const auto refused = commit(*std::move(two)).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "exists");
}

TEST_F(StoreTest, ARangeReadLongAgoIsAConflict) {
  std::atomic<int> runs{0};
  auto old = store_->run([&](RawTransaction& t) -> Result<void> {
    ++runs;
    TRY(t.children("quiet/", '/', "", 0));
    t.put("x", "y");
    return {};
  });
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(store_->transact(putting("busy", "b")));
  EXPECT_TRUE(commit(*std::move(old)).get());
  EXPECT_EQ(runs, 2);
}

TEST_F(StoreTest, CountersDoNotConflict) {
  std::atomic<int> runs{0};
  const auto adding = [&](RawTransaction& t) -> Result<void> {
    ++runs;
    t.add("n", 2);
    return {};
  };
  auto one = store_->run(adding);
  auto two = store_->run(adding);
  EXPECT_TRUE(commit(*std::move(one)).get());
  EXPECT_TRUE(commit(*std::move(two)).get());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(*decode_counter(get("n")), 4);
}

TEST_F(StoreTest, ABrokenCounterFailsOnlyWhoAddsToIt) {
  ASSERT_TRUE(store_->transact(putting("n", "not a counter")));
  const auto done = store_->transact([](RawTransaction& t) -> Result<void> {
    t.put("beside", "x");
    t.add("n", 1);
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::corrupt);
  EXPECT_EQ(get("beside"), "(none)");
}

TEST_F(StoreTest, FaultsOfWorkAreErrors) {
  EXPECT_EQ(store_->transact([](RawTransaction&) -> Result<void> { return fail(Code::not_found, "mine"); }).error().message, "mine");
  EXPECT_EQ(store_->transact([](RawTransaction&) -> Result<void> { throw std::runtime_error("x"); }).error().code, Code::internal);
  EXPECT_EQ(store_->transact([](RawTransaction&) -> Result<void> { throw std::bad_alloc(); }).error().code, Code::unavailable);
  EXPECT_EQ(store_->transact(putting("", "x")).error().code, Code::internal);
  EXPECT_EQ(faults_->applies, 0);
}

TEST_F(StoreTest, TheQueueIsBounded) {
  StoreOptions options;
  options.queue_limit = 4;
  open(options);
  faults_->sync_milliseconds = 50;
  std::vector<std::future<Result<Position>>> outcomes;
  for (int i = 0; i < 40; ++i) outcomes.push_back(commit(*store_->run(putting("k", "v"))));
  int refused = 0;
  for (auto& outcome : outcomes) {
    const auto result = outcome.get();
    if (result) continue;
    ++refused;
    EXPECT_EQ(result.error().code, Code::unavailable);
    EXPECT_EQ(result.error().message, "write queue full");
  }
  EXPECT_GE(refused, 30);
}

TEST_F(StoreTest, ClosingWaitsForWhatIsQueued) {
  faults_->sync_milliseconds = 10;
  std::vector<std::future<Result<Position>>> outcomes;
  for (int i = 0; i < 20; ++i) outcomes.push_back(commit(*store_->run(putting("k" + std::to_string(i), "v"))));
  store_->close();
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get());
  EXPECT_EQ(store_->transact(putting("late", "v")).error().code, Code::unavailable);
  EXPECT_EQ(get("k7"), "v");
  store_->close();
}

struct RecordingObserver final : Observer {
  Store* store = nullptr;
  std::atomic<int> batches{0};
  std::atomic<bool> before_publication{true};
  std::mutex mutex;
  std::vector<std::string> keys;
  void applied(std::span<const Change> changes, Position position) override {
    ++batches;
    if (store->position() >= position || store->snapshot()->position() >= position) before_publication = false;
    const std::scoped_lock lock(mutex);
    for (const Change& change : changes) keys.push_back(change.key);
  }
};

TEST_F(StoreTest, ObserversHearOfKeysBeforeReadersSeeThem) {
  RecordingObserver observer;
  observer.store = store_.get();
  store_->observe(&observer);
  ASSERT_TRUE(store_->transact(putting("a", "1")));
  ASSERT_TRUE(store_->transact(putting("b", "1")));
  EXPECT_TRUE(observer.before_publication);
  EXPECT_EQ(observer.keys, (std::vector<std::string>{"a", "b"}));
  store_.reset();
}

TEST_F(StoreTest, AFullDiskRefusesWritesUntilThereIsSpace) {
  ASSERT_TRUE(store_->transact(putting("a", "1")));
  faults_->apply = Faults::Apply::refuses_for_space;
  faults_->condition = Condition::full;
  EXPECT_EQ(store_->transact(putting("a", "2")).error().code, Code::storage_full);
  EXPECT_EQ(store_->health().error().code, Code::storage_full);
  EXPECT_EQ(get("a"), "1");
  faults_->apply = Faults::Apply::works;
  faults_->condition = Condition::healthy;
  EXPECT_EQ(*store_->transact(putting("a", "3")), 2U);
  EXPECT_TRUE(store_->health());
}

TEST_F(StoreTest, SettlesAWriteThatHadTakenEffect) {
  RecordingObserver observer;
  observer.store = store_.get();
  store_->observe(&observer);
  ASSERT_TRUE(store_->transact(putting("a", "1")));
  EXPECT_EQ(get("a"), "1");  // now the cache knows it
  faults_->apply = Faults::Apply::fails_after;
  EXPECT_EQ(store_->transact(putting("a", "2")).error().code, Code::unavailable);
  EXPECT_EQ(get("a"), "1");
  faults_->apply = Faults::Apply::works;
  EXPECT_EQ(store_->transact(putting("b", "x")).error().code, Code::unavailable);
  EXPECT_EQ(store_->health().error().code, Code::storage_full);
  faults_->space_is_back = true;
  ASSERT_TRUE(soon([&] { return store_->health().has_value() && store_->position() == 2; }));
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(observer.batches, 2);
  EXPECT_EQ(*store_->transact(putting("b", "y")), 3U);
  store_.reset();
}

TEST_F(StoreTest, ForgetsAWriteThatHadNotTakenEffect) {
  faults_->apply = Faults::Apply::fails_before;
  EXPECT_EQ(store_->transact(putting("a", "1")).error().code, Code::unavailable);
  faults_->apply = Faults::Apply::works;
  faults_->space_is_back = true;
  ASSERT_TRUE(soon([&] { return store_->health().has_value(); }));
  EXPECT_EQ(get("a"), "(none)");
  ASSERT_TRUE(soon([&] { return store_->transact(putting("a", "2")).has_value(); }));
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(failures_, 0);
}

// A transaction that read before a write of unknown outcome must still notice it.
TEST_F(StoreTest, ASettledWriteConflictsLikeAnyOther) {
  std::atomic<int> runs{0};
  auto early = store_->run([&](RawTransaction& t) -> Result<void> {
    ++runs;
    std::string value;
    t.put("copy", TRY(t.get("a", value)) ? value : "none");
    return {};
  });
  faults_->apply = Faults::Apply::fails_after;
  EXPECT_FALSE(store_->transact(putting("a", "1")));
  faults_->apply = Faults::Apply::works;
  faults_->space_is_back = true;
  ASSERT_TRUE(soon([&] { return store_->position() == 1; }));
  EXPECT_TRUE(commit(*std::move(early)).get());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(get("copy"), "1");
}

TEST_F(StoreTest, AFailedDiskStopsWritesAndIsAnnouncedOnce) {
  ASSERT_TRUE(store_->transact(putting("a", "1")));
  faults_->poison = Condition::failed;
  faults_->apply = Faults::Apply::fails_before;
  EXPECT_EQ(store_->transact(putting("a", "2")).error().code, Code::unavailable);
  faults_->apply = Faults::Apply::works;
  faults_->space_is_back = true;
  EXPECT_EQ(store_->transact(putting("a", "3")).error().code, Code::unavailable);
  EXPECT_EQ(store_->health().error().code, Code::unavailable);
  EXPECT_EQ(store_->condition(), Condition::failed);
  EXPECT_TRUE(soon([&] { return failures_ == 1; }));
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(faults_->applies, 2);
}

}  // namespace
}  // namespace coffer::storage::conformance
