#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "policy/policy.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COFFER_SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COFFER_SANITIZED
#endif

#ifndef COFFER_SANITIZED  // sanitizers bring their own allocator
namespace {
thread_local std::size_t allocations = 0;
}  // namespace

// Counts what this test program allocates.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace coffer::policy {
namespace {

TEST(Acl, APlainDecisionAllocatesNothing) {
  const auto policy = parse("p", R"(path "kv/data/app/*" { capabilities = ["read", "list"] }
                                    path "kv/data/+/config" { capabilities = ["read"] }
                                    path "kv/data/exact" { capabilities = ["read"] }
                                    path "kv/wrapped" { capabilities = ["read"] max_wrapping_ttl = "1h" })")
                          .value();
  const auto acl = Acl::compile(std::vector{policy, policy}, false, nullptr);
  for (const std::string_view path :
       {"kv/data/app/with/a/rather/long/name/that/no/small/buffer/holds", "kv/data/x/config", "kv/data/exact", "kv/wrapped", "none"}) {
    const std::size_t before = allocations;
    const Decision decision = acl->decide({.path = path, .wanted = read, .wrap_ttl = Seconds(1)});
    EXPECT_EQ(allocations, before) << path;
    EXPECT_EQ(decision.allowed, path != "none");
  }
  const std::size_t before = allocations;
  EXPECT_TRUE(acl->decide({.path = "kv/data/app/folder/", .wanted = list}).allowed);
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace coffer::policy
#endif
