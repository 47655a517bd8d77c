#pragma once
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace coffer::barrier {

// What `secret_shares` is made of: the lengths that a share or a bare key may have.
inline constexpr std::size_t shortest_share = 16;
inline constexpr std::size_t longest_share = 33;  // a 32-byte key and one byte for the point
// `invalid key: key is shorter than minimum 16 bytes` and its counterpart.
[[nodiscard]] Result<void> check_share_length(const SecretBytes& share);

// The shares given so far towards a threshold. Not thread-safe.
class ShareCollector {
 public:
  [[nodiscard]] bool add(const SecretBytes& share);  // false: this one was given before
  [[nodiscard]] unsigned count() const { return static_cast<unsigned>(shares_.size()); }
  void clear() { shares_.clear(); }
  // The key that they make up: of one share the share itself. Forgets them in any case.
  [[nodiscard]] Result<SecretBytes> combine();

 private:
  std::vector<SecretBytes> shares_;
};

// `key` as `shares` shares of which `threshold` restore it; one share is the key itself.
[[nodiscard]] Result<std::vector<SecretBytes>> split_key(const SecretBytes& key, unsigned shares, unsigned threshold, Random& random);

}  // namespace coffer::barrier
