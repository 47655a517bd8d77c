// SealManager's unseal and seal, with migration between seals.
#include <fmt/format.h>

#include "barrier/ceremony_state.h"
#include "barrier/seal/shamir_seal.h"
#include "base/log.h"
#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

Result<Opening> open_keyring(const SealFile& file, std::string_view name, SecretBytes root_key) {
  const auto damaged = [name](std::string_view why) {
    return fail(Code::corrupt, fmt::format("the seal file {} is damaged or was changed: {}; put back a copy of it", name, why));
  };
  if (root_key.size() != root_key_bytes) return damaged("its root key has a wrong length");
  const auto plain = crypto::open_box(root_key.reveal(), file.keyring_context(), file.keyring);
  if (!plain) return damaged("its keyring fails its check");
  auto keyring = decode_keyring(plain->reveal_text());
  if (!keyring) return damaged(keyring.error().message);
  return Opening{file, *std::move(keyring), std::move(root_key)};
}

// The shares keep their meaning for their holders: unseal keys become recovery keys, and the other way round.
Result<void> migrate(Opening& opening, const Seal* to, const SecretBytes& combined, Random& random) {
  SealFile& file = opening.file;
  const bool from_shamir = file.seal_type == "shamir";
  if (to) {
    file.root_key = TRY(to->wrap(opening.root_key, file.root_key_context()));
    file.seal_type = to->type();
    if (from_shamir) {
      file.recovery = std::exchange(file.barrier, {});
      opening.keyring.recovery_check = recovery_check_of(combined);
      file.recovery_backup = std::exchange(file.barrier_backup, std::nullopt);
    }
    return {};
  }
  file.root_key = TRY(ShamirSeal(combined.clone(), random).wrap(opening.root_key, file.root_key_context()));
  file.seal_type = "shamir";
  file.barrier = std::exchange(file.recovery, std::nullopt).value_or(ShareConfig{});
  file.barrier_backup = std::exchange(file.recovery_backup, std::nullopt);
  opening.keyring.recovery_check.clear();
  return {};
}

}  // namespace

Result<Opening> SealManager::State::open_root(const SecretBytes* combined) const {
  const Seal* stored = stored_seal();
  const std::string context = file->root_key_context();
  SecretBytes opened = stored ? TRY(stored->unwrap(file->root_key, context))
                              : TRY(ShamirSeal(combined ? combined->clone() : SecretBytes()).unwrap(file->root_key, context));
  Opening opening = TRY(open_keyring(*file, options.store->name(), std::move(opened)));
  if (stored && combined && !constant_time_equal(recovery_check_of(*combined), opening.keyring.recovery_check)) {
    return invalid("recovery key verification failed");
  }
  if (migrating() && combined) {
    CHECK_OK(migrate(opening, options.seal.get(), *combined, options.random));
  } else if (stored && stored->outdated(opening.file.root_key)) {
    opening.file.root_key = TRY(stored->wrap(opening.root_key, context));
  }
  return opening;
}

Result<void> SealManager::State::enter(Opening opening) {
  {
    const std::lock_guard lock(file_mutex);
    root_key = std::make_shared<const crypto::GuardedKey>(opening.root_key);
    // Every encryption that may have been made before counts; a new block is reserved with the same write.
    const std::uint64_t used = opening.keyring.active().encryptions;
    opening.keyring.terms.back().encryptions = used + Keyring::reserve_block;
    if (auto written = commit(std::move(opening.file), std::move(opening.keyring), used); !written) {
      root_key = nullptr;
      return written;
    }
  }
  if (auto opened = listener ? listener->opened() : Result<void>{}; !opened) {
    leave();
    return opened;
  }
  sealed = false;
  publish();
  return {};
}

void SealManager::State::leave() {
  sealed = true;
  {
    const std::lock_guard lock(file_mutex);
    barrier.clear();
    keyring = nullptr;
    root_key = nullptr;
  }
  {
    const std::lock_guard lock(ceremony);
    rekeys = {};
    former = {};
    root.reset();
  }
  {
    const std::lock_guard lock(status_mutex);
    unseal_shares.clear();
  }
  publish();
}

Result<SealStatus> SealManager::unseal(const SecretBytes& key, bool migrate) {
  State& s = *state_;
  const std::lock_guard lock(s.transition);
  if (!s.initialized) return invalid("Vault is not initialized");
  if (!s.sealed) return seal_status();
  CHECK_OK(check_share_length(key));
  if (s.migrating() && !migrate) return invalid("migrate option not provided and seal migration is in progress");
  if (!s.migrating() && migrate) return invalid("can't perform a seal migration, no migration seal found");
  std::optional<Result<SecretBytes>> combined;
  {
    const std::lock_guard status_lock(s.status_mutex);
    if (s.unseal_shares.count() == 0) s.unseal_nonce = make_uuid(s.options.random);
    if (!s.unseal_shares.add(key)) return s.status;
    if (s.unseal_shares.count() >= s.shares_in_force().threshold) combined = s.unseal_shares.combine();
  }
  s.publish();
  if (!combined) return seal_status();
  if (!*combined) return std::unexpected(combined->error());
  CHECK_OK(s.enter(TRY(s.open_root(&**combined))));
  return seal_status();
}

Result<SealStatus> SealManager::reset_unseal() {
  State& s = *state_;
  const std::lock_guard lock(s.transition);
  if (!s.initialized) return invalid("Vault is not initialized");
  if (!s.sealed) return invalid("vault is unsealed");
  {
    const std::lock_guard status_lock(s.status_mutex);
    s.unseal_shares.clear();
  }
  s.publish();
  return seal_status();
}

Result<void> SealManager::auto_unseal() {
  State& s = *state_;
  const std::lock_guard lock(s.transition);
  if (!s.initialized || !s.sealed || s.migrating() || !s.stored_seal()) return {};
  return s.enter(TRY(s.open_root(nullptr)));
}

void SealManager::seal() {
  State& s = *state_;
  // Who comes second does not wait: the listener may be waiting for that very request to end.
  if (s.sealing.exchange(true)) return;
  {
    const std::lock_guard lock(s.transition);
    if (!s.sealed.exchange(true)) {
      s.publish();
      if (s.listener) s.listener->closing();
      s.write_exact_count();
      s.leave();
    }
  }
  s.sealing = false;
}

void SealManager::State::write_exact_count() {
  const std::lock_guard lock(file_mutex);
  Keyring last = *keyring;
  last.terms.back().encryptions = std::min(last.active().encryptions, barrier.encryptions());
  if (auto written = commit(*file, std::move(last), 0); !written) log::warn("while sealing: {}", written.error().message);
}

}  // namespace coffer::barrier
