// What happens when the disk fails: under the state, and under a store that is to recover by itself.
#include "storage/conformance.h"
#include "storage/rocksdb/faulty_files.h"
#include "storage/rocksdb/open_on.h"
#include "storage/rocksdb/test_folder.h"

namespace coffer::storage::conformance {
namespace {

using Kind = FileFaults::Kind;

class DiskFaultTest : public ::testing::Test {
 protected:
  TestFolder folder_;
  std::shared_ptr<FileFaults> faults_ = std::make_shared<FileFaults>();
  std::atomic<std::uint64_t> free_{1ULL << 40U};
  ManualClock clock_;

  RocksdbOptions options() {
    auto options = folder_.options();
    options.memtable_bytes = 256U << 10U;
    options.clock = &clock_;
    options.free_space = [this]() -> Result<std::uint64_t> { return free_.load(); };
    return options;
  }
  std::unique_ptr<State> open() {
    auto state = open_rocksdb_state_on(options(), std::make_shared<FaultyFiles>(faults_));
    EXPECT_TRUE(state) << state.error().message;
    return state ? *std::move(state) : nullptr;
  }
  static Result<void> put_one(State& state, Position position, const std::string& value) {
    return state.apply(Batch{position + 1'000, {put("a", value)}}, position, 1, true);
  }
};

TEST_F(DiskFaultTest, AFullLogPoisonsUntilThereIsSpace) {
  auto state = open();
  ASSERT_TRUE(put_one(*state, 1, "1"));
  const auto old_view = state->snapshot();
  faults_->logs = Kind::no_space_in_append;
  EXPECT_EQ(put_one(*state, 2, "2").error().code, Code::unavailable);
  EXPECT_EQ(state->condition(), Condition::no_space);
  EXPECT_EQ(put_one(*state, 2, "2").error().code, Code::unavailable);  // nothing is tried on that handle again
  EXPECT_EQ(value_of(*state->snapshot(), "a"), "1");                   // reads go on
  EXPECT_EQ(value_of(*old_view, "a"), "1");
  free_ = 0;
  EXPECT_EQ(state->reopen().error().code, Code::storage_full);
  free_ = 1ULL << 40U;
  faults_->logs = Kind::none;
  ASSERT_TRUE(state->reopen());
  EXPECT_EQ(state->condition(), Condition::healthy);
  EXPECT_EQ(state->head()->position, 1U);
  EXPECT_EQ(value_of(*old_view, "a"), "error: the storage was closed or opened again meanwhile: try again");
  ASSERT_TRUE(put_one(*state, 2, "3"));
  EXPECT_EQ(value_of(*state->snapshot(), "a"), "3");
  state.reset();
  EXPECT_EQ(open()->head()->position, 2U);
}

TEST_F(DiskFaultTest, TheHeadTellsWhatBecameOfAnUnknownWrite) {
  auto state = open();
  faults_->logs = Kind::no_space_in_sync;
  EXPECT_EQ(put_one(*state, 1, "1").error().code, Code::unavailable);
  EXPECT_EQ(state->head()->position, 0U);
  faults_->logs = Kind::none;
  ASSERT_TRUE(state->reopen());
  EXPECT_EQ(state->head()->position, 1U);  // the record had got there whole
  EXPECT_EQ(state->head()->batch, 1'001U);
  EXPECT_EQ(value_of(*state->snapshot(), "a"), "1");
}

TEST_F(DiskFaultTest, AFailedSyncIsFinal) {
  for (const Kind kind : {Kind::error_in_sync, Kind::error_in_append}) {
    auto state = open();
    const Position next = state->head()->position + 1;
    ASSERT_TRUE(put_one(*state, next, "kept"));
    faults_->logs = kind;
    EXPECT_EQ(put_one(*state, next + 1, "lost").error().code, Code::unavailable);
    faults_->logs = Kind::none;
    EXPECT_EQ(state->condition(), Condition::failed);
    EXPECT_EQ(state->reopen().error().code, Code::unavailable);
    EXPECT_EQ(put_one(*state, next + 1, "late").error().code, Code::unavailable);
    EXPECT_EQ(value_of(*state->snapshot(), "a"), "kept");
  }
}

TEST_F(DiskFaultTest, TheReserveIsNeverTouched) {
  auto with_reserve = options();
  with_reserve.reserve_bytes = 1'000'000;
  auto state = *open_rocksdb_state(std::move(with_reserve));
  ASSERT_TRUE(put_one(*state, 1, "1"));
  free_ = 999'999;
  ASSERT_TRUE(put_one(*state, 2, "2"));  // the disk is asked ten times a second, not at each write
  clock_.advance(std::chrono::milliseconds(101));
  EXPECT_EQ(state->condition(), Condition::full);
  EXPECT_EQ(put_one(*state, 3, "3").error().code, Code::storage_full);
  EXPECT_EQ(value_of(*state->snapshot(), "a"), "2");
  free_ = 2'000'000;
  clock_.advance(std::chrono::milliseconds(101));
  EXPECT_EQ(state->condition(), Condition::healthy);
  EXPECT_EQ(put_one(*state, 3, std::string(600'000, 'x')).error().code, Code::storage_full);  // this one would not fit
  ASSERT_TRUE(put_one(*state, 3, "3"));
}

// The store's view of the same, with a background flush that finds no space.
TEST_F(DiskFaultTest, AStoreRecoversByItselfFromAFullDisk) {
  StoreOptions store_options;
  store_options.retry_interval = std::chrono::milliseconds(30);
  auto store = *Store::open(open(), store_options);
  std::map<std::string, std::string> acknowledged;
  const auto write = [&](int i) {
    const std::string key = "k" + std::to_string(i);
    const std::string value(2'000, static_cast<char>('a' + i % 26));
    const auto done = store->transact([&](RawTransaction& t) -> Result<void> {
      t.put(key, value);
      return {};
    });
    if (done) acknowledged[key] = value;
    return done.has_value();
  };
  for (const bool in_tables : {true, false}) {
    const int base = in_tables ? 0 : 100'000;
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(write(base + i));
    free_ = 0;  // no healing before the test says so; the clock stands, so that writes do not see it yet
    (in_tables ? faults_->tables : faults_->logs) = Kind::no_space_in_append;
    int last = base + 20;
    while (last < base + 2'000 && write(last)) ++last;
    ASSERT_LT(last, base + 2'000);
    EXPECT_EQ(store->health().error().code, Code::storage_full);
    EXPECT_EQ(value_of(*store->snapshot(), "k" + std::to_string(base)), acknowledged.at("k" + std::to_string(base)));
    faults_->tables = faults_->logs = Kind::none;
    free_ = 1ULL << 40U;
    bool resumed = false;
    for (int i = 0; i < 200 && !resumed; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
      resumed = write(base + 50'000);
    }
    EXPECT_TRUE(resumed);
    EXPECT_TRUE(store->health());
  }
  store.reset();
  const auto state = open();
  const auto view = state->snapshot();
  for (const auto& [key, value] : acknowledged) ASSERT_EQ(value_of(*view, key), value) << key;
}

TEST_F(DiskFaultTest, AStoreOnAFailedDiskSaysSo) {
  std::atomic<int> told{0};
  StoreOptions store_options;
  store_options.retry_interval = std::chrono::milliseconds(10);
  store_options.on_failed = [&](const Error&) { ++told; };
  auto store = *Store::open(open(), store_options);
  const auto write = [&] {
    return store->transact([](RawTransaction& t) -> Result<void> {
      t.put("a", "1");
      return {};
    });
  };
  ASSERT_TRUE(write());
  faults_->logs = Kind::error_in_sync;
  EXPECT_EQ(write().error().code, Code::unavailable);
  faults_->logs = Kind::none;
  EXPECT_EQ(write().error().code, Code::unavailable);
  EXPECT_EQ(store->condition(), Condition::failed);
  for (int i = 0; i < 100 && told == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(value_of(*store->snapshot(), "a"), "1");
}

}  // namespace
}  // namespace coffer::storage::conformance
