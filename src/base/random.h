#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace coffer {

// Unpredictable bytes, behind a seam. Safe from any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;
};
// getrandom(2) at every call: for keys, nonces and tokens (a userland pool would repeat itself in a cloned VM). Never fails: aborts
// the process when the kernel cannot give entropy.
[[nodiscard]] Random& system_random();

// A version 4 UUID in lower case.
[[nodiscard]] std::string make_uuid(Random& random = system_random());
// `length` characters of [0-9A-Za-z], unbiased.
[[nodiscard]] std::string make_base62(std::size_t length, Random& random = system_random());
// A request id: a UUID from a per-thread pool of random bytes, for what need not be secret.
void append_request_id(std::string& out);

}  // namespace coffer
