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
  cache.applied(std::vector<Change>{{"k", "two"}}, 10);
  EXPECT_FALSE(cache.find("k", 10, value));
  cache.insert("k", "one", 9);  // read before the change: too late
  EXPECT_FALSE(cache.find("k", 10, value));
  cache.insert("k", "two", 10);
  EXPECT_TRUE(cache.find("k", 10, value));
  EXPECT_EQ(value, "two");
  EXPECT_FALSE(cache.find("k", 9, value));  // an older view must not see it
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
