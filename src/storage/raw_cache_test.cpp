#include "storage/raw_cache.h"

#include <gtest/gtest.h>

namespace coffer::storage {
namespace {

TEST(RawCache, HoldsForPositionsSinceTheLastChange) {
  RawCache cache(1U << 20U);
  std::string value;
  EXPECT_FALSE(cache.find("k", 1, value));
  cache.insert("k", "one", 3);
  EXPECT_TRUE(cache.find("k", 3, value));
  EXPECT_EQ(value, "one");
  EXPECT_TRUE(cache.find("k", 9, value));
  cache.applied(std::vector<Change>{{"k", std::nullopt}}, 10);
  EXPECT_FALSE(cache.find("k", 10, value));
  cache.insert("k", "one", 9);  // read before the change: too late
  EXPECT_FALSE(cache.find("k", 10, value));
  cache.insert("k", "two", 10);
  EXPECT_TRUE(cache.find("k", 10, value));
  EXPECT_EQ(value, "two");
  EXPECT_FALSE(cache.find("k", 9, value));  // an older view must not see it
}

TEST(RawCache, FollowsTheChangesOfWhatItHolds) {
  RawCache cache(1U << 20U);
  std::string value;
  cache.insert("k", "one", 3);
  Position at = 3;
  for (const std::string next : {"two", "longer", "", "x", "y"}) {
    cache.applied(std::vector<Change>{{"other", "o"}, {"k", "earlier in the batch"}, {"k", next}}, ++at);
    EXPECT_TRUE(cache.find("k", at, value)) << next;
    EXPECT_EQ(value, next);
    EXPECT_FALSE(cache.find("k", at - 1, value)) << "an older view must not see it";
    cache.insert("k", "stale", at - 1);
    EXPECT_TRUE(cache.find("k", at, value));
    EXPECT_EQ(value, next);
  }
  EXPECT_FALSE(cache.find("other", at, value));  // nobody has asked for it
  const std::size_t before = cache.bytes();
  cache.applied(std::vector<Change>{{"k", std::string(500'000, 'x')}}, ++at);
  EXPECT_FALSE(cache.find("k", at, value));  // too large to be kept
  EXPECT_LT(cache.bytes(), before);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(RawCache, KeepsToItsBytesAndToWhatIsHot) {
  RawCache cache(1U << 20U);
  std::string value;
  cache.insert("hot", "h", 0);
  for (int i = 0; i < 20'000; ++i) {
    cache.insert("cold" + std::to_string(i), std::string(500, 'c'), 0);
    EXPECT_TRUE(cache.find("hot", 0, value)) << i;
  }
  EXPECT_LE(cache.bytes(), 1U << 20U);
  EXPECT_GT(cache.bytes(), 900'000U);
  cache.insert("huge", std::string(500'000, 'x'), 0);
  EXPECT_FALSE(cache.find("huge", 0, value));
}

}  // namespace
}  // namespace coffer::storage
