#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "storage/store.h"
#include "storage/view.h"

namespace coffer::barrier {

// What sys/key-status and sys/rotate/config show.
struct KeyStatus {
  std::uint32_t term = 0;
  Time install_time{};
  std::uint64_t encryptions = 0;
};

// Encrypts every value of the store, bound to its tenant, its stored key and its term (design.md §5). Sealed, it refuses everything with
// Code::sealed. Safe from any thread; `open` and `seal_value` take no lock shared between threads (contexts and keys are per thread,
// refreshed when the keyring's revision changes).
class Barrier {
 public:
  virtual ~Barrier() = default;
  [[nodiscard]] virtual bool sealed() const = 0;
  // Stored form: version ‖ term ‖ nonce(12) ‖ ciphertext ‖ tag(16). AAD: format ‖ tenant ‖ stored key ‖ term.
  [[nodiscard]] virtual Result<std::string> encrypt(TenantId tenant, std::string_view stored_key, std::string_view plain) = 0;
  [[nodiscard]] virtual Result<SecretBytes> decrypt(TenantId tenant, std::string_view stored_key, std::string_view stored) const = 0;
};

// A handler's view of one key space: the raw state or transaction below, decrypted, keys relative to `space`. References must outlive it.
[[nodiscard]] std::unique_ptr<Snapshot> make_snapshot(const storage::ReadView& raw, const Barrier& barrier, KeySpace space);
[[nodiscard]] std::unique_ptr<Transaction> make_transaction(storage::RawTransaction& raw, Barrier& barrier, KeySpace space);

}  // namespace coffer::barrier
