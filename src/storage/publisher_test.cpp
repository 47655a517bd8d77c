#include "storage/publisher.h"

#include <gtest/gtest.h>

#include <semaphore>
#include <thread>

#include "storage/memory/memory_state.h"

namespace coffer::storage {
namespace {

TEST(Publisher, IdleThreadsDoNotPinOldViews) {
  Publisher publisher(nullptr);
  auto state = make_memory_state();
  std::weak_ptr<const ReadView> first = state->snapshot();
  publisher.publish(state->snapshot());
  std::binary_semaphore taken(0);
  std::binary_semaphore end(0);
  std::thread idle([&] {
    EXPECT_EQ(publisher.current()->position(), 0U);
    taken.release();
    end.acquire();
    EXPECT_EQ(publisher.current()->position(), 1U);
  });
  taken.acquire();
  ASSERT_TRUE(state->apply(Batch{1, {Change{"a", "1"}}}, 1, 1, true));
  publisher.publish(state->snapshot());
  EXPECT_FALSE(first.expired());
  publisher.sweep();
  EXPECT_TRUE(first.expired());
  end.release();
  idle.join();
  publisher.sweep();
  EXPECT_EQ(publisher.position(), 1U);
}

TEST(Publisher, ManyMayLiveAndDie) {
  auto state = make_memory_state();
  for (int i = 0; i < 100; ++i) {
    Publisher one(nullptr);
    Publisher two(nullptr);
    one.publish(state->snapshot());
    two.publish(state->snapshot());
    EXPECT_NE(one.current(), two.current());
    EXPECT_EQ(one.current(), one.current());
  }
}

}  // namespace
}  // namespace coffer::storage
