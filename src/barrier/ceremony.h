#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "barrier/barrier.h"
#include "barrier/keyring.h"
#include "barrier/seal/seal.h"
#include "barrier/seal/seal_store.h"
#include "barrier/seal_file.h"
#include "base/random.h"

// Init, unseal, seal, rekey, root generation and rotation: who may hold the keys, and when (vault-api.md §1.0, §1.3, §2.7).
namespace coffer::barrier {

// Which shares a ceremony is about: those that unseal (Shamir seal), or those that stand in for them where the seal unseals by itself.
enum class ShareKind : std::uint8_t { barrier, recovery };

// The body of sys/seal-status and sys/unseal, without versions and storage type.
struct SealStatus {
  std::string type;           // "shamir", "static"
  bool initialized = false;
  bool sealed = true;
  unsigned threshold = 0;     // t; of the recovery shares where the seal unseals by itself
  unsigned shares = 0;        // n
  unsigned progress = 0;
  std::string nonce;          // of the unseal attempt in progress
  bool migration = false;     // the configured seal differs from the stored one
  bool recovery_seal = false;
  std::string cluster_name;   // both filled only when unsealed
  std::string cluster_id;
};

struct InitRequest {
  int secret_shares = 0;
  int secret_threshold = 0;
  std::vector<std::string> pgp_keys;  // base64 of binary OpenPGP public keys
  int recovery_shares = 0;
  int recovery_threshold = 0;
  std::vector<std::string> recovery_pgp_keys;
  std::string root_token_pgp_key;
};

// Bytes to be shown as hex (`keys`) and as base64 (`keys_base64`): a share, or the binary OpenPGP message that holds its hex text.
using KeyList = std::vector<SecretBytes>;

struct InitResult {
  KeyList keys;
  KeyList recovery_keys;
  SecretBytes root_token;  // its text; with a PGP key base64 of the message
};

struct RekeyRequest {
  int secret_shares = 0;
  int secret_threshold = 0;
  std::vector<std::string> pgp_keys;
  bool backup = false;
  bool require_verification = false;
};

// The body of sys/rekey/init; all zero when idle, but for `required`.
struct RekeyStatus {
  std::string nonce;
  bool started = false;
  unsigned threshold = 0;  // t, of the new shares
  unsigned shares = 0;     // n
  unsigned progress = 0;
  unsigned required = 0;   // shares in force that the ceremony needs
  std::vector<std::string> pgp_fingerprints;
  bool backup = false;
  bool verification_required = false;
  std::string verification_nonce;  // "" until the new shares wait for verification
};

// The answer of sys/rekey/update: in progress `complete` is false and only `status` counts.
struct RekeyUpdate {
  bool complete = false;
  RekeyStatus status;  // when complete: the finished ceremony's nonce, fingerprints, backup, verification_required and verification_nonce
  KeyList keys;        // the new shares
};

// The body of sys/rekey/verify.
struct RekeyVerification {
  std::string nonce;
  bool started = false;
  unsigned threshold = 0;
  unsigned shares = 0;
  unsigned progress = 0;
  bool complete = false;  // the new shares are now in force; the answer is {nonce, complete}
};

// The body of sys/generate-root/attempt and update. `otp_length` is SealManager::root_token_length.
struct RootGeneration {
  std::string nonce;
  bool started = false;
  unsigned progress = 0;
  unsigned required = 0;
  bool complete = false;
  std::string encoded_token;    // unpadded base64 of token XOR otp, or base64 of the OpenPGP message
  std::string pgp_fingerprint;
  std::string otp;              // only in the answer that made it
};

// Keys for other parts of the server, each independent of the rest and of rekey and rotation.
enum class SubKey : std::uint8_t { audit_salt, audit_signing_seed, batch_token, token_hash };

// What opens with the keys and closes before they go: the store and all that stands on it. Called by one thread at a time; may use
// barrier(), file_key(), sub_key(), the rollback calls and the status calls; must not call init, unseal or seal, nor wait for a request that
// is in one of them (such requests stand before the seal gate and use no store).
class SealListener {
 public:
  virtual ~SealListener() = default;
  // First start: makes the store and what must be in it, durably, and returns the root token's text. Followed by `closing`. With
  // `leftovers` an earlier init was interrupted: what lies in the store's folder was never acknowledged and is to be discarded.
  virtual Result<SecretBytes> initialize(bool leftovers) = 0;
  // The barrier is open: opens the store. An error seals again and is the answer to the last share.
  virtual Result<void> opened() = 0;
  // The keys are about to go (sealed() is true by now): refuses new requests, lets running ones end, closes the store.
  virtual void closing() = 0;
};

// Owns the barrier, the seal file and every ceremony's progress. Safe from any thread; status calls do not wait for a ceremony that opens
// the store. Everything that takes shares may write and sync the seal file: not for an io thread.
//
// Errors: Code::invalid_argument carries Vault's text for a 400; Code::sealed; Code::permission_denied; Code::corrupt for a damaged seal file
// (named by its name, never by its path); Code::storage_full and Code::unavailable when it cannot be written, and then nothing changed.
//
// `initiator` says who asks, in a form that no other caller has (a token's accessor; "" for a caller without a token). Who started a
// ceremony may cancel it without its nonce; others need the nonce, until it is ten minutes old (security.md S14).
class SealManager {
 public:
  static constexpr std::size_t root_token_length = 28;  // "hvs." and 24 base62 characters; the length of an OTP

  struct Options {
    std::unique_ptr<SealStore> store;        // where the seal file lives
    std::unique_ptr<Seal> seal;              // an unattended seal; null: Shamir
    std::unique_ptr<Seal> previous_seal;     // an unattended seal marked `disabled` in the config: migration away from it
    std::string cluster_name;                // "" makes one up
    Clock& clock = system_clock();
    Random& random = system_random();
  };
  // Reads the seal file and stays sealed. Code::corrupt when it is damaged, Code::unavailable when another process uses it.
  static Result<std::unique_ptr<SealManager>> open(Options options);
  ~SealManager();
  SealManager(const SealManager&) = delete;
  SealManager& operator=(const SealManager&) = delete;
  // Before the first init or unseal; not owned, must outlive the manager's last seal().
  void listen(SealListener* listener);

  // Lock-free.
  [[nodiscard]] bool initialized() const;
  [[nodiscard]] bool sealed() const;
  [[nodiscard]] SealStatus seal_status() const;

  // Leaves a Shamir seal sealed and opens any other. Texts: `Vault is already initialized`, `invalid seal configuration: ...`,
  // `invalid recovery configuration: ...`, `parameters ... not applicable to seal type ...`.
  [[nodiscard]] Result<InitResult> init(const InitRequest& request);
  // One share (or the bare key). On an unsealed server: its status, the key unchecked.
  [[nodiscard]] Result<SealStatus> unseal(const SecretBytes& key, bool migrate = false);
  // Forgets the shares given so far; `vault is unsealed` when it is.
  [[nodiscard]] Result<SealStatus> reset_unseal();
  // Opens by the seal alone; nothing happens for a Shamir seal, before init, during a migration or when open. For the start of the server.
  [[nodiscard]] Result<void> auto_unseal();
  // Idempotent. Returns at once when another thread is sealing. Call it before the manager is destroyed.
  void seal();

  [[nodiscard]] Result<RekeyStatus> rekey_status(ShareKind kind) const;
  [[nodiscard]] Result<RekeyStatus> rekey_init(ShareKind kind, const RekeyRequest& request, std::string_view initiator);
  [[nodiscard]] Result<RekeyUpdate> rekey_update(ShareKind kind, const SecretBytes& key, std::string_view nonce);
  [[nodiscard]] Result<void> rekey_cancel(ShareKind kind, std::string_view nonce, std::string_view initiator);
  [[nodiscard]] Result<RekeyVerification> rekey_verify_status(ShareKind kind) const;
  [[nodiscard]] Result<RekeyVerification> rekey_verify(ShareKind kind, const SecretBytes& key, std::string_view nonce);
  [[nodiscard]] Result<RekeyVerification> rekey_verify_restart(ShareKind kind, std::string_view nonce, std::string_view initiator);
  [[nodiscard]] Result<PgpBackup> rekey_backup(ShareKind kind) const;  // `no backed-up keys found`
  [[nodiscard]] Result<void> rekey_backup_delete(ShareKind kind);
  // Puts the former shares back in force when the answer that held the new ones could not be audited (security.md I02). Works for the
  // last completed ceremony only; drops new shares that wait for verification.
  [[nodiscard]] Result<void> rekey_revert(ShareKind kind, std::string_view nonce);

  [[nodiscard]] Result<RootGeneration> generate_root_status() const;
  // With neither `otp` nor `pgp_key` an OTP is made and returned once.
  [[nodiscard]] Result<RootGeneration> generate_root_init(std::string_view otp, std::string_view pgp_key, std::string_view initiator);
  // `make_token` is called at most once, when the threshold is reached and the shares are right; returns the token's 28 characters.
  [[nodiscard]] Result<RootGeneration> generate_root_update(const SecretBytes& key, std::string_view nonce,
                                                           const std::function<Result<SecretBytes>()>& make_token);
  [[nodiscard]] Result<void> generate_root_cancel(std::string_view nonce, std::string_view initiator);

  // Adds a term: new writes use new keys, old values stay readable.
  [[nodiscard]] Result<void> rotate();
  [[nodiscard]] Result<KeyStatus> key_status() const;
  [[nodiscard]] Result<RotationConfig> rotation_config() const;
  [[nodiscard]] Result<void> set_rotation_config(const RotationConfig& config);
  // Reserves encryption counts ahead and rotates keys that are due. Call it every second or so, off the io threads.
  [[nodiscard]] Result<void> maintain();

  // A namespace's data key. Destroying it makes all that the namespace stored unreadable for ever (older copies of the seal file aside).
  [[nodiscard]] Result<void> add_namespace(TenantId tenant);
  [[nodiscard]] Result<void> destroy_namespace(TenantId tenant);

  // Lives as long as the manager; sealed, it refuses.
  [[nodiscard]] Barrier& barrier();
  [[nodiscard]] Result<SecretBytes> file_key() const;             // 32 bytes, of this node's store files
  [[nodiscard]] Result<SecretBytes> sub_key(SubKey which) const;  // 32 bytes

  // Rollback detection: this counter grows with every unseal and every change of the keyring. The store's owner, once the store is open,
  // calls check_store with the counter that the store holds (nothing in a new store): Code::corrupt when the store or the seal file is older
  // than the other. Then it writes rollback_counter() into the store, durably, and calls confirm_store with it.
  [[nodiscard]] Result<std::uint64_t> rollback_counter() const;
  [[nodiscard]] Result<void> check_store(std::optional<std::uint64_t> held) const;
  [[nodiscard]] Result<void> confirm_store(std::uint64_t written);

 private:
  struct State;
  explicit SealManager(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The `key` of a request body: hex first, base64 where that fails or has a length that no key has. `'key' must be a valid hex or base64 string`.
[[nodiscard]] Result<SecretBytes> decode_key(std::string_view text);
// sys/decode-token and the CLI's -decode: the token inside `encoded` (base64 with or without padding).
[[nodiscard]] Result<SecretBytes> decode_root_token(std::string_view encoded, std::string_view otp);

}  // namespace coffer::barrier
