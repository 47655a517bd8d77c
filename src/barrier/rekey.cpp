// SealManager's rekey: new shares, made once enough of the old ones were given. The root key and everything below it stay.
#include <fmt/format.h>

#include "barrier/ceremony_state.h"
#include "barrier/seal/shamir_seal.h"
#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

RekeyStatus status_of(const std::optional<Rekey>& rekey, const ShareConfig& in_force) {
  RekeyStatus out;
  out.required = in_force.threshold;
  if (!rekey) return out;
  out.nonce = rekey->nonce;
  out.started = true;
  out.shares = static_cast<unsigned>(rekey->request.secret_shares);
  out.threshold = static_cast<unsigned>(rekey->request.secret_threshold);
  out.progress = rekey->given.count();
  for (const auto& key : rekey->pgp_keys) out.pgp_fingerprints.push_back(key.fingerprint());
  out.backup = rekey->request.backup;
  out.verification_required = rekey->request.require_verification;
  out.verification_nonce = rekey->verification_nonce;
  return out;
}

RekeyVerification verification_of(const Rekey& rekey) {
  return {rekey.verification_nonce, !rekey.verification_nonce.empty(), static_cast<unsigned>(rekey.request.secret_threshold),
          static_cast<unsigned>(rekey.request.secret_shares), rekey.verified.count(), false};
}

std::optional<PgpBackup>& backup_of(SealFile& file, ShareKind kind) {
  return kind == ShareKind::barrier ? file.barrier_backup : file.recovery_backup;
}

PgpBackup make_backup(const Rekey& rekey, const KeyList& messages) {
  PgpBackup backup{rekey.nonce, {}};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string& fingerprint = rekey.pgp_keys[i].fingerprint();
    auto found = std::find_if(backup.keys.begin(), backup.keys.end(), [&](const auto& entry) { return entry.first == fingerprint; });
    if (found == backup.keys.end()) found = backup.keys.insert(found, {fingerprint, {}});
    found->second.emplace_back(messages[i].reveal_text());
  }
  return backup;
}

Result<void> check_request(const SealFile& file, ShareKind kind, const RekeyRequest& request) {
  if (request.backup && request.pgp_keys.empty()) {
    return invalid("cannot request a backup of the new keys without providing PGP keys for encryption");
  }
  if (!request.pgp_keys.empty() && request.pgp_keys.size() != static_cast<std::size_t>(std::max(request.secret_shares, 0))) {
    return invalid("incorrect number of PGP keys for rekey");
  }
  if (auto ok = check_share_config(request.secret_shares, request.secret_threshold); !ok) {
    return invalid("invalid rekey seal configuration: " + ok.error().message);
  }
  if (kind == ShareKind::barrier && file.recovery && (request.secret_shares != 1 || !request.pgp_keys.empty() || request.require_verification)) {
    return invalid(fmt::format("invalid rekey seal configuration: a seal of type {} keeps its key itself: give secret_shares 1 and "
                               "secret_threshold 1, without PGP keys and verification",
                               file.seal_type));
  }
  return {};
}

// What a rekey would replace now.
FormerShares former_of(const SealFile& file, const Keyring& keyring, ShareKind kind, const Rekey& rekey) {
  FormerShares former{rekey.nonce, file.barrier, file.root_key, keyring.recovery_check, rekey.request.backup, rekey.former_backup};
  if (kind == ShareKind::recovery) former.config = *file.recovery;
  return former;
}

}  // namespace

Result<void> SealManager::State::authorise(const SecretBytes& combined) const {
  const std::lock_guard lock(file_mutex);
  if (!keyring) return vault_is_sealed();
  if (file->recovery) {
    if (constant_time_equal(recovery_check_of(combined), keyring->recovery_check)) return {};
    return invalid("recovery key verification failed");
  }
  if (ShamirSeal(combined.clone()).unwrap(file->root_key, file->root_key_context())) return {};
  return invalid("unseal key verification failed");
}

Result<void> SealManager::State::check_rekey(ShareKind kind) const {
  const std::lock_guard lock(file_mutex);
  if (!keyring) return vault_is_sealed();
  if (kind == ShareKind::recovery && !file->recovery) return invalid("recovery rekeying not supported");
  return {};
}

ShareConfig SealManager::State::required_shares() const {
  const std::lock_guard lock(file_mutex);
  return shares_in_force();
}

bool SealManager::State::keeps_its_key() const {
  const std::lock_guard lock(file_mutex);
  return stored_seal() != nullptr;
}

Result<void> SealManager::State::put_in_force(ShareKind kind, const Rekey& rekey, const SecretBytes& new_key) {
  const std::lock_guard lock(file_mutex);
  if (!keyring) return vault_is_sealed();
  FormerShares replaced = former_of(*file, *keyring, kind, rekey);
  SealFile next = *file;
  Keyring keys = *keyring;
  const ShareConfig config{static_cast<unsigned>(rekey.request.secret_shares), static_cast<unsigned>(rekey.request.secret_threshold)};
  if (kind == ShareKind::recovery) {
    next.recovery = config;
    keys.recovery_check = recovery_check_of(new_key);
  } else {
    const SecretBytes opened = root_key->reveal_copy();
    if (const Seal* seal = stored_seal()) {
      next.root_key = TRY(seal->wrap(opened, next.root_key_context()));
    } else {
      next.root_key = TRY(ShamirSeal(new_key.clone(), options.random).wrap(opened, next.root_key_context()));
      next.barrier = config;
    }
  }
  CHECK_OK(commit(std::move(next), std::move(keys), 0));
  former[index(kind)] = std::move(replaced);
  return {};
}

Result<void> SealManager::State::put_backup(ShareKind kind, std::optional<PgpBackup> backup, std::optional<PgpBackup>* replaced) {
  const std::lock_guard lock(file_mutex);
  if (!keyring) return vault_is_sealed();
  SealFile next = *file;
  std::optional<PgpBackup> before = std::exchange(backup_of(next, kind), std::move(backup));
  CHECK_OK(commit(std::move(next), *keyring, 0));
  if (replaced) *replaced = std::move(before);
  return {};
}

Result<RekeyStatus> SealManager::rekey_status(ShareKind kind) const {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  return status_of(s.rekeys[index(kind)], s.required_shares());
}

Result<RekeyStatus> SealManager::rekey_init(ShareKind kind, const RekeyRequest& request, std::string_view initiator) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  {
    const std::lock_guard file_lock(s.file_mutex);
    CHECK_OK(check_request(*s.file, kind, request));
  }
  auto& rekey = s.rekeys[index(kind)];
  if (rekey) return invalid("rekey already in progress");
  auto pgp_keys = parse_pgp_keys(request.pgp_keys);
  if (!pgp_keys) return fail(pgp_keys.error().code, "invalid rekey seal configuration: " + pgp_keys.error().message);
  rekey.emplace();
  static_cast<Ceremony&>(*rekey) = s.begin(initiator);
  rekey->request = request;
  rekey->pgp_keys = *std::move(pgp_keys);
  return status_of(rekey, s.required_shares());
}

Result<RekeyUpdate> SealManager::rekey_update(ShareKind kind, const SecretBytes& key, std::string_view nonce) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  auto& rekey = s.rekeys[index(kind)];
  if (!rekey) return invalid(kind == ShareKind::barrier ? "no barrier rekey in progress" : "no recovery rekey in progress");
  CHECK_OK(check_share_length(key));
  if (!rekey->verification_nonce.empty()) {
    return invalid(fmt::format("rekey operation already finished; verification must be performed; nonce for the verification operation is \"{}\"",
                               rekey->verification_nonce));
  }
  if (!constant_time_equal(nonce, rekey->nonce)) {
    return invalid(fmt::format("incorrect nonce supplied; nonce for this rekey operation is \"{}\"", rekey->nonce));
  }
  if (!rekey->given.add(key)) return invalid("given key has already been provided during this generation operation");
  RekeyUpdate out;
  if (rekey->given.count() < s.required_shares().threshold) {
    out.status = status_of(rekey, s.required_shares());
    return out;
  }
  CHECK_OK(s.authorise(TRY(rekey->given.combine())));

  const bool has_shares = kind == ShareKind::recovery || !s.keeps_its_key();
  SecretBytes new_key = crypto::random_secret(ShamirSeal::key_bytes, s.options.random);
  if (has_shares) {
    const auto& request = rekey->request;
    out.keys = TRY(hand_out(TRY(split_key(new_key, static_cast<unsigned>(request.secret_shares), static_cast<unsigned>(request.secret_threshold),
                                          s.options.random)),
                            rekey->pgp_keys));
  }
  if (rekey->request.backup) CHECK_OK(s.put_backup(kind, make_backup(*rekey, out.keys), &rekey->former_backup));
  if (rekey->request.require_verification) {
    rekey->verification_nonce = make_uuid(s.options.random);
    rekey->new_key = std::move(new_key);
    out.status = status_of(rekey, s.required_shares());
  } else {
    if (auto done = s.put_in_force(kind, *rekey, new_key); !done) {
      if (rekey->request.backup) static_cast<void>(s.put_backup(kind, std::move(rekey->former_backup), nullptr));
      return std::unexpected(done.error());
    }
    out.status = status_of(rekey, s.required_shares());
    rekey.reset();
    s.publish();
  }
  out.complete = true;
  return out;
}

Result<void> SealManager::rekey_cancel(ShareKind kind, std::string_view nonce, std::string_view initiator) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  auto& rekey = s.rekeys[index(kind)];
  if (!rekey) return {};
  CHECK_OK(s.may_cancel(*rekey, nonce, initiator));
  rekey.reset();
  return {};
}

Result<RekeyVerification> SealManager::rekey_verify_status(ShareKind kind) const {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  const auto& rekey = s.rekeys[index(kind)];
  if (!rekey) return invalid("no rekey configuration found");
  return verification_of(*rekey);
}

Result<RekeyVerification> SealManager::rekey_verify(ShareKind kind, const SecretBytes& key, std::string_view nonce) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  auto& rekey = s.rekeys[index(kind)];
  if (!rekey) return invalid("no rekey configuration found");
  if (rekey->verification_nonce.empty()) return invalid("no rekey verification in progress");
  CHECK_OK(check_share_length(key));
  if (!constant_time_equal(nonce, rekey->verification_nonce)) {
    return invalid(fmt::format("incorrect nonce supplied; nonce for this verify operation is \"{}\"", rekey->verification_nonce));
  }
  if (!rekey->verified.add(key)) return invalid("given key has already been provided during this verify operation");
  if (rekey->verified.count() < static_cast<unsigned>(rekey->request.secret_threshold)) return verification_of(*rekey);
  const auto combined = rekey->verified.combine();
  if (!combined || !(*combined == rekey->new_key)) return invalid("rekey verification failed; incorrect key shares supplied");
  CHECK_OK(s.put_in_force(kind, *rekey, rekey->new_key));
  RekeyVerification out;
  out.nonce = rekey->verification_nonce;
  out.complete = true;
  rekey.reset();
  s.publish();
  return out;
}

Result<RekeyVerification> SealManager::rekey_verify_restart(ShareKind kind, std::string_view nonce, std::string_view initiator) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  auto& rekey = s.rekeys[index(kind)];
  if (!rekey) return invalid("no rekey configuration found");
  const bool by_verification_nonce = !nonce.empty() && constant_time_equal(nonce, rekey->verification_nonce);
  if (!by_verification_nonce) CHECK_OK(s.may_cancel(*rekey, nonce, initiator));
  rekey->verified.clear();
  if (!rekey->verification_nonce.empty()) rekey->verification_nonce = make_uuid(s.options.random);
  return verification_of(*rekey);
}

Result<PgpBackup> SealManager::rekey_backup(ShareKind kind) const {
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  const auto& backup = backup_of(*s.file, kind);
  if (!backup) return invalid("no backed-up keys found");
  return *backup;
}

Result<void> SealManager::rekey_backup_delete(ShareKind kind) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  return s.put_backup(kind, std::nullopt, nullptr);
}

Result<void> SealManager::rekey_revert(ShareKind kind, std::string_view nonce) {
  State& s = *state_;
  const std::lock_guard lock(s.ceremony);
  CHECK_OK(s.check_rekey(kind));
  auto& rekey = s.rekeys[index(kind)];
  if (rekey && rekey->nonce == nonce) {
    if (rekey->request.backup && !rekey->verification_nonce.empty()) CHECK_OK(s.put_backup(kind, rekey->former_backup, nullptr));
    rekey.reset();
    return {};
  }
  auto& former = s.former[index(kind)];
  if (!former || former->nonce != nonce) return invalid("there is no such rekey to revert");
  {
    const std::lock_guard file_lock(s.file_mutex);
    SealFile next = *s.file;
    Keyring keys = *s.keyring;
    if (kind == ShareKind::recovery) {
      next.recovery = former->config;
      keys.recovery_check = former->recovery_check;
    } else {
      next.barrier = former->config;
      next.root_key = former->root_key;
    }
    if (former->backup_replaced) backup_of(next, kind) = former->backup;
    CHECK_OK(s.commit(std::move(next), std::move(keys), 0));
  }
  former.reset();
  s.publish();
  return {};
}

}  // namespace coffer::barrier
