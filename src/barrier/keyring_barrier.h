#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "barrier/barrier.h"
#include "barrier/keyring.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "crypto/per_thread.h"

namespace coffer::barrier {

// The barrier over a keyring. Ciphers are kept per thread by (namespace, term); a thread drops its own when the keyring's revision has
// changed, and clear() drops everyone's.
class KeyringBarrier final : public Barrier {
 public:
  static constexpr std::uint8_t format = 1;
  static constexpr std::size_t header_bytes = 1 + 4;  // format, term
  static constexpr std::size_t overhead = header_bytes + crypto::Aes256Gcm::nonce_bytes + crypto::Aes256Gcm::tag_bytes;

  explicit KeyringBarrier(Random& random = system_random()) : random_(random) {}
  // Called, on the encrypting thread, when the reserved encryptions are used up: reserves more or rotates, and installs the result. Set
  // once, before the first install.
  void on_exhausted(std::function<Result<void>()> reserve) { reserve_ = std::move(reserve); }

  // Opens, or changes the keys of an open barrier. `used` encryptions of the active term have been made.
  void install(std::shared_ptr<const Keyring> keyring, std::uint64_t used);
  // Seals. When it returns, no thread's memory holds a data key.
  void clear();
  // Removes the kept ciphers of all threads; they are made again by need. For a namespace whose key is destroyed.
  void drop_ciphers() { threads_.clear(); }
  [[nodiscard]] std::uint64_t encryptions() const { return used_.load(std::memory_order_relaxed); }  // of the active term
  [[nodiscard]] std::uint64_t reserved() const { return reserved_.load(std::memory_order_relaxed); }

  [[nodiscard]] bool sealed() const override { return revision_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] Result<std::string> encrypt(TenantId tenant, std::string_view stored_key, std::string_view plain) override;
  [[nodiscard]] Result<SecretBytes> decrypt(TenantId tenant, std::string_view stored_key, std::string_view stored) const override;

 private:
  // One thread's ciphers, found by a hash of (namespace, term); two that share a place take turns.
  struct ThreadCiphers {
    struct Place {
      TenantId tenant;
      std::uint32_t term = 0;  // 0: empty
      std::optional<crypto::Aes256Gcm> cipher;
    };
    std::uint64_t revision = 0;
    std::uint32_t active_term = 0;
    std::array<Place, 64> places;
    std::string aad;  // reused
  };
  Result<void> refresh(ThreadCiphers& mine) const;
  Result<crypto::Aes256Gcm*> cipher_for(ThreadCiphers& mine, TenantId tenant, std::uint32_t term) const;
  Result<void> count_encryption();

  Random& random_;
  std::function<Result<void>()> reserve_;
  std::atomic<std::uint64_t> revision_{0};  // 0: sealed
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> reserved_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const Keyring> keyring_;  // guarded by mutex_
  std::uint64_t last_revision_ = 0;         // guarded by mutex_
  mutable crypto::PerThread<ThreadCiphers> threads_;
};

}  // namespace coffer::barrier
