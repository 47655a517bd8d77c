#pragma once
// The contract of a State, and of a Store upon it, as one suite that every state passes. A test file includes this and instantiates
//   INSTANTIATE_TYPED_TEST_SUITE_P(Name, StateConformance, Harness);   and likewise StoreConformance
// Harness: default-constructible; `std::unique_ptr<State> open()` gives the state, and after a first one was destroyed the same data
// again when `static constexpr bool durable` is true (which StoreConformance does not ask).
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "storage/listing.h"
#include "storage/store.h"
#include "storage/transaction.h"

namespace coffer::storage::conformance {

using Model = std::map<std::string, std::string, std::less<>>;

inline Change put(std::string key, std::string value) { return {std::move(key), std::move(value)}; }
inline Change erase(std::string key) { return {std::move(key), std::nullopt}; }

inline std::string value_of(const ReadView& view, std::string_view key) {
  std::string value;
  const auto found = view.get(key, value);
  return !found ? "error: " + found.error().message : *found ? value : "(none)";
}

// The definition of children(), as slowly as it can be said.
inline std::vector<std::string> model_children(const Model& model, std::string_view prefix, char delimiter, std::string_view after,
                                               std::size_t limit) {
  std::vector<std::string> names;
  for (const auto& [key, value] : model) {
    if (!key.starts_with(prefix)) continue;
    std::string name = key.substr(prefix.size());
    if (const auto cut = name.find(delimiter); delimiter != '\0' && cut != std::string::npos) name.resize(cut + 1);
    if (name > after && (names.empty() || names.back() != name)) names.push_back(name);
  }
  if (names.size() > limit) names.resize(limit);
  return names;
}

inline void expect_same(const ReadView& view, const Model& model) {
  const auto all = view.scan("", "", model.size() + 10);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), model.size());
  auto expected = model.begin();
  for (const Change& change : *all) {
    ASSERT_EQ(change.key, expected->first);
    ASSERT_EQ(*change.value, expected->second);
    ++expected;
  }
}

template <class Harness>
class StateConformance : public ::testing::Test {
 protected:
  Harness harness_;
  std::unique_ptr<State> state_ = harness_.open();
  Position position_ = 0;

  void apply(std::vector<Change> changes, bool sync = true) {
    const auto applied = state_->apply(Batch{position_ + 100, std::move(changes)}, position_ + 1, 7, sync);
    ASSERT_TRUE(applied) << applied.error().message;
    ++position_;
  }
};
TYPED_TEST_SUITE_P(StateConformance);

TYPED_TEST_P(StateConformance, StartsEmpty) {
  const auto head = this->state_->head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->position, 0U);
  EXPECT_EQ(this->state_->condition(), Condition::healthy);
  const auto view = this->state_->snapshot();
  EXPECT_EQ(view->position(), 0U);
  EXPECT_EQ(value_of(*view, "a"), "(none)");
  EXPECT_EQ(value_of(*view, ""), "(none)");
  EXPECT_TRUE(view->scan("", "", 0)->empty());
  EXPECT_TRUE(view->children("", '/', "", 0)->empty());
}

TYPED_TEST_P(StateConformance, AppliesABatchWithItsHead) {
  this->apply({put("a", "1"), put("b", ""), put("c", "3"), erase("c"), put("a", "2")});
  const auto head = this->state_->head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->position, 1U);
  EXPECT_EQ(head->epoch, 7U);
  EXPECT_EQ(head->batch, 100U);
  EXPECT_EQ(this->state_->highest_seen(), 1U);
  const auto view = this->state_->snapshot();
  EXPECT_EQ(view->position(), 1U);
  EXPECT_EQ(value_of(*view, "a"), "2");
  EXPECT_EQ(value_of(*view, "b"), "");
  EXPECT_EQ(value_of(*view, "c"), "(none)");
  EXPECT_EQ(value_of(*view, ""), "(none)");
}

TYPED_TEST_P(StateConformance, KeepsBinaryKeysAndLargeValues) {
  const std::string odd("\0\xff\0/\x01", 5);
  const std::string large(300'000, 'x');
  this->apply({put(odd, "odd"), put("\xff\xff", "last"), put(std::string(2'000, 'k'), large)});
  const auto view = this->state_->snapshot();
  EXPECT_EQ(value_of(*view, odd), "odd");
  EXPECT_EQ(value_of(*view, "\xff\xff"), "last");
  EXPECT_EQ(value_of(*view, std::string(2'000, 'k')), large);
  EXPECT_EQ(*view->children("\xff", '\0', "", 0), std::vector<std::string>{"\xff"});
  EXPECT_EQ(view->scan("\xff", "", 0)->size(), 1U);
}

TYPED_TEST_P(StateConformance, SnapshotsStayAsTheyWere) {
  this->apply({put("a", "1"), put("b", "1")});
  const auto before = this->state_->snapshot();
  this->apply({put("a", "2"), erase("b"), put("c", "2")});
  const auto after = this->state_->snapshot();
  EXPECT_EQ(value_of(*before, "a"), "1");
  EXPECT_EQ(value_of(*before, "b"), "1");
  EXPECT_EQ(value_of(*before, "c"), "(none)");
  EXPECT_EQ(*before->children("", '/', "", 0), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(value_of(*after, "a"), "2");
  EXPECT_EQ(*after->children("", '/', "", 0), (std::vector<std::string>{"a", "c"}));
  this->state_.reset();  // a view may outlive its state; then it may fail, not crash
  std::string value;
  (void)before->get("a", value);
}

TYPED_TEST_P(StateConformance, ChildrenSkipSubtreesAndPage) {
  this->apply({put("m/a", ""), put("m/a/1", ""), put("m/a/2/3", ""), put("m/a0", ""), put("m/b/", ""), put("m/b/x", ""), put("m/c", ""),
               put("m", ""), put("m/", ""), put("n/z", "")});
  const auto view = this->state_->snapshot();
  using Names = std::vector<std::string>;
  EXPECT_EQ(*view->children("m/", '/', "", 0), (Names{"a", "a/", "a0", "b/", "c"}));
  EXPECT_EQ(*view->children("m/", '/', "", 2), (Names{"a", "a/"}));
  EXPECT_EQ(*view->children("m/", '/', "a", 2), (Names{"a/", "a0"}));
  EXPECT_EQ(*view->children("m/", '/', "a/", 2), (Names{"a0", "b/"}));
  EXPECT_EQ(*view->children("m/", '/', "a/zzz", 0), (Names{"a0", "b/", "c"}));
  EXPECT_EQ(*view->children("m/", '/', "zzz", 0), Names{});
  EXPECT_EQ(*view->children("m/a/", '/', "", 0), (Names{"1", "2/"}));
  EXPECT_EQ(*view->children("m/a/", '\0', "", 0), (Names{"1", "2/3"}));
  EXPECT_EQ(*view->children("m/b/", '/', "", 0), (Names{"x"}));
  EXPECT_EQ(*view->children("none/", '/', "", 0), Names{});
}

TYPED_TEST_P(StateConformance, ScansAHalfOpenRange) {
  this->apply({put("a", "1"), put("b", "2"), put("b\x01", "3"), put("c", "4")});
  const auto view = this->state_->snapshot();
  const auto keys = [&](std::string_view from, std::string_view end, std::size_t limit) {
    std::string out;
    const auto found = view->scan(from, end, limit);
    for (const Change& change : *found) out += change.key + "=" + *change.value + " ";
    return out;
  };
  EXPECT_EQ(keys("a", "c", 0), "a=1 b=2 b\x01=3 ");
  EXPECT_EQ(keys("", "", 2), "a=1 b=2 ");
  EXPECT_EQ(keys("b", "", 0), "b=2 b\x01=3 c=4 ");
  EXPECT_EQ(keys("aa", "b", 0), "");
  EXPECT_EQ(keys("d", "", 0), "");
}

// Thousands of random batches over a small set of keys, so that nodes split, merge and vanish, against a std::map.
TYPED_TEST_P(StateConformance, AgreesWithAModel) {
  std::mt19937 random(42);
  Model model;
  const auto pick = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  const auto key = [&] {
    std::string out;
    for (std::size_t depth = pick(3) + 1; depth-- > 0;) out += std::to_string(pick(14)) + (depth > 0 ? "/" : "");
    return out;
  };
  for (int round = 0; round < 600; ++round) {
    const bool shrink = round % 200 > 120;
    std::vector<Change> changes;
    for (std::size_t n = pick(40) + 1; n-- > 0;) {
      std::string k = key();
      if (pick(10) < (shrink ? 9U : 2U)) {
        if (shrink && !model.empty() && model.lower_bound(k) != model.end()) k = model.lower_bound(k)->first;
        model.erase(k);
        changes.push_back(erase(std::move(k)));
      } else {
        std::string value = std::to_string(round) + std::string(pick(200), '.');
        model.insert_or_assign(k, value);
        changes.push_back(put(std::move(k), std::move(value)));
      }
    }
    ASSERT_NO_FATAL_FAILURE(this->apply(std::move(changes), false));
    const auto view = this->state_->snapshot();
    const std::string prefix = pick(2) == 0 ? "" : std::to_string(pick(14)) + "/";
    const std::string after = pick(2) == 0 ? "" : key();
    const char delimiter = pick(4) == 0 ? '\0' : '/';
    const std::size_t limit = pick(8) + 1;
    ASSERT_EQ(*view->children(prefix, delimiter, after, limit), model_children(model, prefix, delimiter, after, limit))
        << "prefix " << prefix << " after " << after;
    if (round % 50 == 0) {
      ASSERT_NO_FATAL_FAILURE(expect_same(*view, model));
    }
  }
}

TYPED_TEST_P(StateConformance, ReadersGoOnWhileOneWrites) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  this->apply({put("x", "0"), put("y", "0")});
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto view = this->state_->snapshot();
        const std::string x = value_of(*view, "x");
        ASSERT_EQ(x, value_of(*view, "y"));  // a batch is seen whole
        ASSERT_EQ(std::stoull(x) + 1, view->position());
      }
    });
  }
  for (int i = 1; i <= 2'000; ++i) {
    ASSERT_NO_FATAL_FAILURE(this->apply({put("x", std::to_string(i)), put("y", std::to_string(i)), put("k" + std::to_string(i), "v")}, false));
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

TYPED_TEST_P(StateConformance, IsThereAfterOpeningAgain) {
  if (!TypeParam::durable) GTEST_SKIP() << "this state ends with its process";
  this->apply({put("a", "1"), put("b", "1")});
  this->apply({put("a", "2"), erase("b")});
  this->state_.reset();
  this->state_ = this->harness_.open();
  const auto head = this->state_->head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->position, 2U);
  EXPECT_EQ(head->epoch, 7U);
  EXPECT_EQ(head->batch, 101U);
  EXPECT_EQ(value_of(*this->state_->snapshot(), "a"), "2");
  EXPECT_EQ(value_of(*this->state_->snapshot(), "b"), "(none)");
}

REGISTER_TYPED_TEST_SUITE_P(StateConformance, StartsEmpty, AppliesABatchWithItsHead, KeepsBinaryKeysAndLargeValues, SnapshotsStayAsTheyWere,
                            ChildrenSkipSubtreesAndPage, ScansAHalfOpenRange, AgreesWithAModel, ReadersGoOnWhileOneWrites,
                            IsThereAfterOpeningAgain);

template <class Harness>
class StoreConformance : public ::testing::Test {
 protected:
  Harness harness_;
  std::unique_ptr<Store> store_;
  void SetUp() override {
    auto opened = Store::open(harness_.open());
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void put(std::string key, std::string value) {
    ASSERT_TRUE(store_->transact([&](RawTransaction& t) -> Result<void> {
      t.put(key, value);
      return {};
    }));
  }
  std::string get(std::string_view key) { return value_of(*store_->snapshot(), key); }
  std::int64_t count(std::string_view key) { return decode_counter(get(key)).value_or(-1); }
};
TYPED_TEST_SUITE_P(StoreConformance);

TYPED_TEST_P(StoreConformance, EightWritersOfTheSameKeysLoseNothing) {
  constexpr int writers = 8;
  constexpr int rounds = 100;
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < rounds; ++i) {
        const std::string mine = "key" + std::to_string((w + i) % 3);
        const auto done = this->store_->transact([&](RawTransaction& t) -> Result<void> {
          std::string value;
          const std::uint64_t before = TRY(t.get(mine, value)) ? std::stoull(value) : 0;
          t.put(mine, std::to_string(before + 1));
          t.add("total", 1);
          return {};
        });
        ASSERT_TRUE(done) << done.error().message;
        ASSERT_GE(this->store_->snapshot()->position(), *done);  // what was acknowledged is seen
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::stoi(this->get("key0")) + std::stoi(this->get("key1")) + std::stoi(this->get("key2")), writers * rounds);
  EXPECT_EQ(this->count("total"), writers * rounds);
}

// Each transaction adds an entry only if it sees fewer than ten: a phantom would let an eleventh in.
TYPED_TEST_P(StoreConformance, RangesAreFreeOfPhantoms) {
  std::vector<std::thread> threads;
  for (int w = 0; w < 8; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < 20; ++i) {
        const auto done = this->store_->transact([&](RawTransaction& t) -> Result<void> {
          if (TRY(t.children("list/", '/', "", 0)).size() >= 10) return fail(Code::conflict, "full");
          t.put("list/" + std::to_string(w) + "-" + std::to_string(i), "x");
          return {};
        });
        if (!done) {
          ASSERT_EQ(done.error().code, Code::conflict);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(this->store_->snapshot()->children("list/", '/', "", 0)->size(), 10U);
}

// Transfers keep a sum; every snapshot must see it whole, through the cache too.
TYPED_TEST_P(StoreConformance, SnapshotsAreConsistent) {
  for (int i = 0; i < 4; ++i) ASSERT_NO_FATAL_FAILURE(this->put("account" + std::to_string(i), "100"));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto view = this->store_->snapshot();
        int sum = 0;
        for (int i = 0; i < 4; ++i) sum += std::stoi(value_of(*view, "account" + std::to_string(i)));
        ASSERT_EQ(sum, 400);
      }
    });
  }
  std::vector<std::thread> writers;
  for (unsigned w = 0; w < 4; ++w) {
    writers.emplace_back([&, w] {
      std::mt19937 random(w);
      for (int i = 0; i < 150; ++i) {
        const std::string from = "account" + std::to_string(random() % 4);
        const std::string to = "account" + std::to_string(random() % 4);
        ASSERT_TRUE(this->store_->transact([&](RawTransaction& t) -> Result<void> {
          std::string value;
          TRY(t.get(from, value));
          t.put(from, std::to_string(std::stoi(value) - 1));
          TRY(t.get(to, value));
          t.put(to, std::to_string(std::stoi(value) + 1));
          return {};
        }));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  stop = true;
  for (auto& reader : readers) reader.join();
}

TYPED_TEST_P(StoreConformance, ATransactionSeesItsOwnWrites) {
  for (const char* key : {"d/a", "d/b/1", "d/c"}) ASSERT_NO_FATAL_FAILURE(this->put(key, "old"));
  const auto done = this->store_->transact([&](RawTransaction& t) -> Result<void> {
    std::string value;
    EXPECT_FALSE(t.wrote());
    t.put("d/a", "new");
    t.erase("d/b/1");
    t.put("d/d/9", "new");
    t.add("d/n", 5);
    t.add("d/n", -2);
    EXPECT_TRUE(t.wrote());
    EXPECT_TRUE(TRY(t.get("d/a", value)));
    EXPECT_EQ(value, "new");
    EXPECT_FALSE(TRY(t.get("d/b/1", value)));
    EXPECT_EQ(TRY(t.count("d/n")), 3);
    EXPECT_EQ(TRY(t.count("d/none")), 0);
    EXPECT_EQ(TRY(t.children("d/", '/', "", 0)), (std::vector<std::string>{"a", "c", "d/", "n"}));
    EXPECT_EQ(TRY(t.children("d/", '/', "c", 1)), (std::vector<std::string>{"d/"}));
    t.erase("d/n");
    t.add("d/n", 4);
    EXPECT_EQ(TRY(t.count("d/n")), 4);
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(this->count("d/n"), 4);
  EXPECT_EQ(*this->store_->snapshot()->children("d/", '/', "", 0), (std::vector<std::string>{"a", "c", "d/", "n"}));
}

REGISTER_TYPED_TEST_SUITE_P(StoreConformance, EightWritersOfTheSameKeysLoseNothing, RangesAreFreeOfPhantoms, SnapshotsAreConsistent,
                            ATransactionSeesItsOwnWrites);

}  // namespace coffer::storage::conformance
