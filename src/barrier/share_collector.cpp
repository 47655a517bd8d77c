#include "barrier/share_collector.h"

#include <fmt/format.h>

#include "crypto/shamir.h"

namespace coffer::barrier {

Result<void> check_share_length(const SecretBytes& share) {
  if (share.size() < shortest_share) return invalid(fmt::format("invalid key: key is shorter than minimum {} bytes", shortest_share));
  if (share.size() > longest_share) return invalid(fmt::format("invalid key: key is longer than maximum {} bytes", longest_share));
  return {};
}

bool ShareCollector::add(const SecretBytes& share) {
  bool known = false;
  for (const auto& given : shares_) known = (given == share) || known;
  if (!known) shares_.push_back(share.clone());
  return !known;
}

Result<SecretBytes> ShareCollector::combine() {
  const std::vector<SecretBytes> shares = std::exchange(shares_, {});
  if (shares.size() == 1) return shares[0].clone();
  auto key = crypto::shamir::combine(shares);
  if (!key) return invalid("invalid key: failed to compute combined key: " + key.error().message);
  return key;
}

Result<std::vector<SecretBytes>> split_key(const SecretBytes& key, unsigned shares, unsigned threshold, Random& random) {
  if (shares > 1) return crypto::shamir::split(key, shares, threshold, random);
  std::vector<SecretBytes> out;
  out.push_back(key.clone());
  return out;
}

}  // namespace coffer::barrier
