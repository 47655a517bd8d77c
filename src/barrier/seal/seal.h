#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace coffer::barrier {

// The root key as a seal keeps it.
struct WrappedKey {
  std::string key_id;  // which of the seal's keys; "" where it has but one
  std::string sealed;  // nonce ‖ ciphertext ‖ tag, or what the seal's device makes of it
};

// Guards the root key. An unattended seal (static key, later transit and PKCS#11) does so by itself; Shamir's needs the key that the shares
// make up. Calls may take as long as a network round trip. Safe from any thread.
class Seal {
 public:
  virtual ~Seal() = default;
  [[nodiscard]] virtual std::string_view type() const = 0;  // "shamir", "static"
  // `context` binds the result to its cluster; unwrap needs the same.
  [[nodiscard]] virtual Result<WrappedKey> wrap(const SecretBytes& root_key, std::string_view context) const = 0;
  // Code::invalid_argument when the key does not fit; what comes back is authenticated, never garbage.
  [[nodiscard]] virtual Result<SecretBytes> unwrap(const WrappedKey& wrapped, std::string_view context) const = 0;
  // Whether `wrap` would now use another key than `wrapped` has, so that the root key should be wrapped again.
  [[nodiscard]] virtual bool outdated(const WrappedKey& wrapped) const = 0;
};

}  // namespace coffer::barrier
