#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/guarded_key.h"

namespace coffer::barrier {

// The settings of sys/rotate/config.
struct RotationConfig {
  static constexpr std::uint64_t least_operations = 1'000'000;
  static constexpr std::uint64_t most_operations = 3'865'470'566;
  static constexpr Seconds least_interval{24 * 3600};
  // As reported; a key is replaced at Keyring::most_encryptions in any case, `enabled` or not.
  std::uint64_t max_operations = most_operations;
  Seconds interval{0};  // 0: never by age
  bool enabled = true;
};

using SharedKey = std::shared_ptr<const crypto::GuardedKey>;

// A generation of keys: sys/rotate adds one.
struct Term {
  std::uint32_t number = 0;
  SharedKey key;  // the key-encryption key
  Time installed{};
  std::uint64_t encryptions = 0;  // reserved so far, a block ahead of those made
};

// The key of one namespace's values of one term, encrypted by a term's key.
struct DataKey {
  std::uint32_t wrapped_by = 0;  // a term that the keyring holds
  std::string wrapped;
};

// All keys below the root key (design.md §5). A value: changed as a copy, written to the seal file, then installed, so that a write that fails
// changes nothing. Copies share the keys.
struct Keyring {
  // NIST SP 800-38D allows 2^32 random nonces per key; a quarter of the margin is kept.
  static constexpr std::uint64_t most_encryptions = 1ULL << 31;
  // Encryptions are counted in the seal file a block ahead, so that a crash never makes the count too low.
  static constexpr std::uint64_t reserve_block = 1ULL << 20;

  std::uint64_t counter = 0;    // grows with every unseal and change: rollback detection
  std::uint64_t confirmed = 0;  // the counter that the store is known to hold
  RotationConfig rotation;
  SharedKey file_key;           // of this node's store files
  SharedKey derivation;         // sub-keys come from it
  std::string recovery_check;   // tells the recovery key; "" where there is none
  std::vector<Term> terms;      // ascending; the last is active
  std::map<std::pair<TenantId, std::uint32_t>, DataKey> data_keys;  // by namespace and term

  [[nodiscard]] const Term& active() const { return terms.back(); }
  [[nodiscard]] const Term* find_term(std::uint32_t number) const;
  // Code::corrupt when there is no such key or it fails its check.
  [[nodiscard]] Result<SecretBytes> data_key(TenantId tenant, std::uint32_t term) const;

  void add_term(Time now, Random& random);  // with a data key for every namespace
  void add_namespace(TenantId tenant, Random& random);
  // Removes the namespace's keys, and every term's key that ever wrapped them: the others' keys are wrapped again by a new term.
  [[nodiscard]] Result<void> destroy_namespace(TenantId tenant, Time now, Random& random);
};

[[nodiscard]] Keyring make_keyring(Time now, Random& random);  // one term, the root namespace
// The form that the seal file holds, encrypted.
[[nodiscard]] SecretBytes encode(const Keyring& keyring);
[[nodiscard]] Result<Keyring> decode_keyring(std::string_view bytes);

}  // namespace coffer::barrier
