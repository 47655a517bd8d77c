#include "barrier/seal/shamir_seal.h"

#include "crypto/aead.h"

namespace coffer::barrier {

Result<WrappedKey> ShamirSeal::wrap(const SecretBytes& root_key, std::string_view context) const {
  return WrappedKey{"", crypto::seal_box(key_.reveal(), context, root_key.reveal_text(), random_)};
}

Result<SecretBytes> ShamirSeal::unwrap(const WrappedKey& wrapped, std::string_view context) const {
  // Vault's text, which clients show; a wrong key and a key of a wrong length are the same mistake.
  const auto refuse = [] {
    return invalid("unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: cipher: message authentication failed");
  };
  if (key_.size() != key_bytes) return refuse();
  auto root_key = crypto::open_box(key_.reveal(), context, wrapped.sealed);
  if (!root_key) return refuse();
  return root_key;
}

}  // namespace coffer::barrier
