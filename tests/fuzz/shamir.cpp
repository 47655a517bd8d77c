// Shamir sharing: any bytes as shares never do more than fail, and every split comes back together.
#include <cstdint>
#include <cstdlib>

#include "base/random.h"
#include "crypto/shamir.h"

using coffer::SecretBytes;
namespace shamir = coffer::crypto::shamir;

namespace {

// The input's own bytes as randomness, then zeros: what it does can be done again.
class InputRandom final : public coffer::Random {
 public:
  explicit InputRandom(std::span<const std::byte> bytes) : rest_(bytes) {}
  void fill(std::span<std::byte> out) override {
    for (auto& b : out) {
      b = rest_.empty() ? std::byte{0} : rest_[0];
      if (!rest_.empty()) rest_ = rest_.subspan(1);
    }
  }

 private:
  std::span<const std::byte> rest_;
};

// Shares of the length that the first byte names.
void combine_anything(std::span<const std::byte> input) {
  const auto length = std::to_integer<std::size_t>(input[0]) % 40 + 1;
  std::vector<SecretBytes> shares;
  for (input = input.subspan(1); !input.empty() && shares.size() < 300; input = input.subspan(std::min(length, input.size()))) {
    shares.push_back(SecretBytes::copy_of(input.first(std::min(length, input.size()))));
  }
  const auto secret = shamir::combine(shares);
  if (secret && secret->size() + 1 != length) std::abort();
}

void round_trip(std::span<const std::byte> input) {
  const auto shares = std::to_integer<std::size_t>(input[0]);
  const auto threshold = std::to_integer<std::size_t>(input[1]);
  const auto size = std::min<std::size_t>(std::to_integer<std::size_t>(input[2]) % 64, input.size() - 3);
  const SecretBytes secret = SecretBytes::copy_of(input.subspan(3, size));
  InputRandom random(input.subspan(3 + size));
  const auto made = shamir::split(secret, shares, threshold, random);
  const bool possible = size > 0 && threshold >= 2 && threshold <= shares;
  if (made.has_value() != possible) std::abort();
  if (!made) return;
  const auto together = shamir::combine(std::span(*made).last(threshold));
  if (!together || !(*together == secret)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const auto input = std::as_bytes(std::span(data, size));
  combine_anything(input);
  round_trip(input);
  return 0;
}
