#include "storage/memory/memory_state.h"

#include "storage/conformance.h"

namespace coffer::storage::conformance {
namespace {

struct MemoryHarness {
  static constexpr bool durable = false;
  std::unique_ptr<State> open() { return make_memory_state(); }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StateConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryHarness);

TEST(MemoryState, SaysThatItCannotBeCopied) {
  const auto copied = make_memory_state()->checkpoint("/nowhere");
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, Code::unsupported_operation);
}

}  // namespace
}  // namespace coffer::storage::conformance
