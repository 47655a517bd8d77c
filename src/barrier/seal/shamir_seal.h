#pragma once
#include "barrier/seal/seal.h"
#include "base/random.h"

namespace coffer::barrier {

// The seal whose key is what the shares make up: lives as long as a ceremony holds that key.
class ShamirSeal final : public Seal {
 public:
  static constexpr std::size_t key_bytes = 32;
  explicit ShamirSeal(SecretBytes unseal_key, Random& random = system_random()) : key_(std::move(unseal_key)), random_(random) {}
  [[nodiscard]] std::string_view type() const override { return "shamir"; }
  [[nodiscard]] Result<WrappedKey> wrap(const SecretBytes& root_key, std::string_view context) const override;
  [[nodiscard]] Result<SecretBytes> unwrap(const WrappedKey& wrapped, std::string_view context) const override;
  [[nodiscard]] bool outdated(const WrappedKey&) const override { return false; }

 private:
  SecretBytes key_;
  Random& random_;
};

}  // namespace coffer::barrier
