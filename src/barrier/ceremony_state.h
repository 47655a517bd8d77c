#pragma once
#include <array>
#include <atomic>
#include <mutex>
#include <optional>

#include "barrier/ceremony.h"
#include "barrier/keyring_barrier.h"
#include "barrier/share_collector.h"
#include "crypto/pgp.h"

// What SealManager's parts share. Only for ceremony*.cpp and the files beside it that define SealManager's functions.
namespace coffer::barrier {

inline constexpr std::size_t root_key_bytes = 32;
inline constexpr Duration unattended_ceremony = std::chrono::minutes(10);  // afterwards anyone may cancel

// Who started a ceremony, and when.
struct Ceremony {
  std::string nonce;
  std::string initiator;
  Time started{};
};

// Makes new shares once enough of those in force were given; then may wait until the new ones are verified.
struct Rekey : Ceremony {
  RekeyRequest request;
  std::vector<crypto::PgpKey> pgp_keys;
  ShareCollector given;
  // From here on: set while the new shares wait for verification.
  SecretBytes new_key;
  std::string verification_nonce;
  ShareCollector verified;
  std::optional<PgpBackup> former_backup;  // what a backup written before the verification replaced
};

// What a completed rekey replaced.
struct FormerShares {
  std::string nonce;
  ShareConfig config;
  WrappedKey root_key;         // barrier
  std::string recovery_check;  // recovery
  bool backup_replaced = false;
  std::optional<PgpBackup> backup;
};

struct RootCeremony : Ceremony {
  SecretBytes otp;
  std::optional<crypto::PgpKey> pgp_key;
  ShareCollector given;
};

// The sealed parts, opened by a root key but not yet in use.
struct Opening {
  SealFile file;
  Keyring keyring;
  SecretBytes root_key;
};

struct SealManager::State {
  explicit State(Options given) : options(std::move(given)), barrier(options.random) {}

  Options options;
  SealListener* listener = nullptr;
  KeyringBarrier barrier;
  std::atomic<bool> initialized{false};
  std::atomic<bool> sealed{true};

  // Three locks, taken in this order. `transition` serialises init, unseal and seal, and is the only one held while the listener is called;
  // so the listener may wait for requests that are in a ceremony.
  std::mutex transition;
  std::atomic<bool> sealing{false};

  // Guards the ceremonies' progress; held while a root token is made.
  std::mutex ceremony;
  std::array<std::optional<Rekey>, 2> rekeys;
  std::array<std::optional<FormerShares>, 2> former;
  std::optional<RootCeremony> root;

  // Guards the seal file and what it holds.
  mutable std::mutex file_mutex;
  std::optional<SealFile> file;
  std::shared_ptr<const Keyring> keyring;  // null: sealed
  SharedKey root_key;                      // null: sealed

  // Guards what follows; the last lock to be taken, and only for moments.
  mutable std::mutex status_mutex;
  SealStatus status;
  ShareCollector unseal_shares;
  std::string unseal_nonce;

  // --- transition held, or before any other thread ---
  // These three also with file_mutex held.
  [[nodiscard]] bool migrating() const;
  // The unattended seal that holds the stored root key; null for Shamir's.
  [[nodiscard]] const Seal* stored_seal() const;
  [[nodiscard]] ShareConfig shares_in_force() const;  // that authorise a ceremony
  // Opens the stored root key by the seal, or by what the shares make up; changes nothing.
  [[nodiscard]] Result<Opening> open_root(const SecretBytes* combined) const;
  // Writes what changed, opens the barrier, calls the listener. Sealed again on failure.
  [[nodiscard]] Result<void> enter(Opening opening);
  void leave();  // wipes all keys and progress
  // The count of encryptions made replaces the reserved one. Where it cannot be written the reserved one stays, which is only too high.
  void write_exact_count();

  // --- ceremony held; these take file_mutex ---
  // Code::invalid_argument unless the shares make up the key in force.
  [[nodiscard]] Result<void> authorise(const SecretBytes& combined) const;
  [[nodiscard]] Result<void> may_cancel(const Ceremony& running, std::string_view nonce, std::string_view initiator) const;
  [[nodiscard]] Ceremony begin(std::string_view initiator) const;

  // Whether there are shares of that kind to rekey, and how many of those in force it takes.
  [[nodiscard]] Result<void> check_rekey(ShareKind kind) const;
  [[nodiscard]] ShareConfig required_shares() const;
  [[nodiscard]] bool keeps_its_key() const;  // the seal has no shares of its own
  // Puts new shares in force, in one write of the seal file.
  [[nodiscard]] Result<void> put_in_force(ShareKind kind, const Rekey& rekey, const SecretBytes& new_key);
  // Keeps messages for receivers of shares, or drops those kept.
  [[nodiscard]] Result<void> put_backup(ShareKind kind, std::optional<PgpBackup> backup, std::optional<PgpBackup>* replaced);

  // --- file_mutex held ---
  // Encrypts the keyring under the root key, writes both, and only then makes them the current ones. `used`: encryptions made by the active
  // term if it is new to the barrier.
  [[nodiscard]] Result<void> commit(SealFile next, Keyring keys, std::uint64_t used);
  [[nodiscard]] Result<void> rotate_locked();
  [[nodiscard]] Result<void> reserve_locked();

  // --- file_mutex not held ---
  [[nodiscard]] Result<void> reserve();  // the barrier's, when a block is used up
  void publish();                        // makes `status` from the rest
};

// Vault's texts, without their prefix.
[[nodiscard]] Result<void> check_share_config(int shares, int threshold);
[[nodiscard]] Result<std::vector<crypto::PgpKey>> parse_pgp_keys(const std::vector<std::string>& keys);
// The shares as they leave: as they are, or each for its receiver.
[[nodiscard]] Result<KeyList> hand_out(std::vector<SecretBytes> shares, const std::vector<crypto::PgpKey>& receivers);
[[nodiscard]] std::string recovery_check_of(const SecretBytes& recovery_key);
[[nodiscard]] inline std::size_t index(ShareKind kind) { return static_cast<std::size_t>(kind); }
[[nodiscard]] std::unexpected<Error> vault_is_sealed();

}  // namespace coffer::barrier
