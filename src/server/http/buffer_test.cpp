#include "server/http/buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::http {
namespace {

TEST(Buffer, GrowsConsumesAndErases) {
  Buffer b;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 700), static_cast<char>('a' + i % 26));
    b.append(piece);
    expected += piece;
    if (i % 3 == 0) {
      const std::size_t n = expected.size() / 5;
      b.consume(n);
      expected.erase(0, n);
    }
    if (i % 7 == 0 && expected.size() > 20) {
      b.erase(5, 10);
      expected.erase(5, 10);
    }
    ASSERT_EQ(b.view(), expected);
  }
  b.consume(b.size());
  EXPECT_TRUE(b.empty());
  EXPECT_LE(b.capacity(), Buffer::small);
}

TEST(Buffer, TakesFromTheBudgetAndGivesBack) {
  Budget budget(1 << 20);
  {
    Buffer a(&budget), b(&budget);
    EXPECT_TRUE(a.reserve(100));
    EXPECT_EQ(budget.used(), 0u);  // the first small block is free
    EXPECT_TRUE(a.reserve(700 << 10));
    a.append("kept");
    EXPECT_FALSE(b.reserve(700 << 10));
    EXPECT_FALSE(a.reserve(2 << 20));
    EXPECT_EQ(a.view(), "kept");
    EXPECT_FALSE(a.reserve(900 << 10));  // the last quarter is kept from large blocks
    EXPECT_EQ(a.view(), "kept");
    a.clear();
    EXPECT_EQ(budget.used(), 0u);
    EXPECT_TRUE(b.reserve(700 << 10));
  }
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace coffer::http
