#include "base/secret.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/secret_arena.h"

namespace coffer {
namespace {

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

TEST(SecretBytes, StartZeroedAtEverySize) {
  for (std::size_t size = 1; size < 140'000; size = size * 5 / 4 + 1) {
    for (int round = 0; round < 3; ++round) {
      SecretBytes secret(size);
      ASSERT_TRUE(all_zero(secret.reveal())) << size;
      std::memset(secret.writable().data(), 0xa5, size);
    }
  }
}

TEST(SecretBytes, MoveLeavesNothingBehind) {
  SecretBytes a = SecretBytes::copy_of("one");
  SecretBytes b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(b.reveal_text(), "one");
  EXPECT_TRUE(b == SecretBytes::copy_of("one"));
  EXPECT_FALSE(b == SecretBytes::copy_of("two"));
  EXPECT_FALSE(b == SecretBytes::copy_of("ones"));
  EXPECT_TRUE(SecretBytes() == SecretBytes());
}

TEST(SecretArena, MemoryIsReusedAndWiped) {
  if (arena::report().bytes == 0) GTEST_SKIP() << "no arena in this build";
  const std::byte* where = nullptr;
  {
    SecretBytes secret = SecretBytes::copy_of(std::string(100, 'x'));
    where = secret.reveal().data();
    ASSERT_TRUE(arena::owns(where));
  }
  // The block is still ours to look at, in the thread's free list: all but the link is zero.
  EXPECT_TRUE(all_zero({where + sizeof(void*), 100 - sizeof(void*)}));
  const SecretBytes again(100);
  EXPECT_EQ(again.reveal().data(), where);
  EXPECT_GT(arena::report().locked, 0u);
}

TEST(SecretArena, BlocksDoNotOverlap) {
  std::vector<SecretBytes> all;
  for (std::size_t i = 0; i < 4000; ++i) {
    all.emplace_back(1 + i % 700);
    std::memset(all.back().writable().data(), static_cast<int>(i % 251), all.back().size());
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const std::byte b : all[i].reveal()) ASSERT_EQ(b, static_cast<std::byte>(i % 251));
  }
}

TEST(SecretArena, GoesOnBeyondItsBudget) {
  std::vector<SecretBytes> all;
  for (int i = 0; i < 200; ++i) {
    all.emplace_back(60'000u);
    ASSERT_TRUE(all_zero(all.back().reveal()));
    std::memset(all.back().writable().data(), 1, all.back().size());
  }
  all.clear();
  const SecretBytes after(60'000);
  EXPECT_TRUE(all_zero(after.reveal()));
}

TEST(SecretArena, ThreadsHandSecretsToEachOther) {
  std::vector<std::vector<SecretBytes>> boxes(4);
  std::vector<std::thread> makers;
  for (std::size_t t = 0; t < boxes.size(); ++t) {
    makers.emplace_back([&boxes, t] {
      for (std::size_t i = 0; i < 3000; ++i) {
        boxes[t].emplace_back(SecretBytes::copy_of(std::string(1 + (i * 7) % 300, static_cast<char>('a' + t))));
        if (i % 3 == 0) boxes[t].pop_back();
      }
    });
  }
  for (auto& thread : makers) thread.join();
  std::vector<std::thread> takers;
  for (std::size_t t = 0; t < boxes.size(); ++t) {
    takers.emplace_back([&boxes, t] {
      for (const auto& secret : boxes[t]) {
        for (const char c : secret.reveal_text()) ASSERT_EQ(c, static_cast<char>('a' + t));
      }
      boxes[t].clear();
    });
  }
  for (auto& thread : takers) thread.join();
}

TEST(SecretArena, TakesBackSecretsThatOutliveTheirThread) {
  std::thread([] {
    thread_local SecretBytes kept;  // made before the thread's cache, so destroyed after it
    kept = SecretBytes::copy_of("until the end of the thread");
    EXPECT_EQ(kept.size(), 27u);
  }).join();
}

TEST(ConstantTime, Equal) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

TEST(Wipe, ClearsAString) {
  std::string text = "a secret that is long enough to live on the heap";
  const char* where = text.data();
  const std::size_t size = text.size();
  wipe(text.data(), text.size());
  EXPECT_TRUE(all_zero(std::as_bytes(std::span(where, size))));
  wipe(text);
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace coffer
