// SealManager's keys after unseal: rotation, namespaces, sub-keys, rollback detection.
#include <fmt/format.h>

#include "barrier/ceremony_state.h"
#include "base/log.h"
#include "crypto/kdf.h"

namespace coffer::barrier {
namespace {

constexpr std::string_view purpose(SubKey which) {
  switch (which) {
    case SubKey::audit_salt: return "coffer audit salt";
    case SubKey::audit_signing_seed: return "coffer audit signing seed";
    case SubKey::batch_token: return "coffer batch token";
    case SubKey::token_hash: return "coffer token hash";
  }
  return {};
}

}  // namespace

Result<void> SealManager::State::rotate_locked() {
  Keyring next = *keyring;
  next.terms.back().encryptions = barrier.encryptions();
  next.add_term(options.clock.now(), options.random);
  next.terms.back().encryptions = Keyring::reserve_block;
  return commit(*file, std::move(next), 0);
}

Result<void> SealManager::State::reserve_locked() {
  if (barrier.encryptions() >= Keyring::most_encryptions) return rotate_locked();
  Keyring next = *keyring;
  next.terms.back().encryptions = std::max(barrier.encryptions(), next.active().encryptions) + Keyring::reserve_block;
  return commit(*file, std::move(next), 0);
}

Result<void> SealManager::State::reserve() {
  const std::lock_guard lock(file_mutex);
  if (!keyring) return vault_is_sealed();
  if (barrier.encryptions() <= barrier.reserved()) return {};  // another thread was faster
  return reserve_locked();
}

Result<void> SealManager::rotate() {
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  return s.rotate_locked();
}

Result<KeyStatus> SealManager::key_status() const {
  const State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  return KeyStatus{s.keyring->active().number, s.keyring->active().installed, s.barrier.encryptions()};
}

Result<RotationConfig> SealManager::rotation_config() const {
  const State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  return s.keyring->rotation;
}

Result<void> SealManager::set_rotation_config(const RotationConfig& config) {
  if (config.max_operations < RotationConfig::least_operations || config.max_operations > RotationConfig::most_operations) {
    return invalid(fmt::format("max_operations must be in the range [{},{}]", RotationConfig::least_operations, RotationConfig::most_operations));
  }
  if (config.interval != Seconds(0) && config.interval < RotationConfig::least_interval) {
    return invalid(fmt::format("interval must be greater or equal to {}", go_duration(RotationConfig::least_interval)));
  }
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  Keyring next = *s.keyring;
  next.rotation = config;
  return s.commit(*s.file, std::move(next), 0);
}

Result<void> SealManager::maintain() {
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return {};
  const Keyring& keyring = *s.keyring;
  const std::uint64_t made = s.barrier.encryptions();
  const RotationConfig& config = keyring.rotation;
  bool due = made >= Keyring::most_encryptions;
  if (config.enabled) {
    const Duration age = s.options.clock.now() - keyring.active().installed;
    due = due || made >= config.max_operations || (config.interval != Seconds(0) && age >= config.interval);
  }
  if (due) {
    log::info("the encryption key of term {} is replaced after {} encryptions", keyring.active().number, made);
    return s.rotate_locked();
  }
  if (s.barrier.reserved() < made + Keyring::reserve_block / 2) return s.reserve_locked();
  return {};
}

Result<void> SealManager::add_namespace(TenantId tenant) {
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  Keyring next = *s.keyring;
  next.add_namespace(tenant, s.options.random);
  return s.commit(*s.file, std::move(next), 0);
}

Result<void> SealManager::destroy_namespace(TenantId tenant) {
  if (tenant == root_tenant) return invalid("the root namespace cannot be deleted");
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  Keyring next = *s.keyring;
  CHECK_OK(next.destroy_namespace(tenant, s.options.clock.now(), s.options.random));
  next.terms.back().encryptions = Keyring::reserve_block;
  CHECK_OK(s.commit(*s.file, std::move(next), 0));
  s.barrier.drop_ciphers();
  return {};
}

Result<SecretBytes> SealManager::file_key() const {
  const State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  return s.keyring->file_key->reveal_copy();
}

Result<SecretBytes> SealManager::sub_key(SubKey which) const {
  const State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  return s.keyring->derivation->with([which](std::span<const std::byte> secret) { return crypto::hkdf_sha256(secret, "", purpose(which), 32); });
}

Result<std::uint64_t> SealManager::rollback_counter() const {
  const State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  return s.keyring->counter;
}

Result<void> SealManager::check_store(std::optional<std::uint64_t> held) const {
  const State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  if (held.value_or(0) > s.keyring->counter) {
    return fail(Code::corrupt, fmt::format("the seal file {} is older than the store: an older copy of it was put back", s.options.store->name()));
  }
  if (held.value_or(0) < s.keyring->confirmed) {
    return fail(Code::corrupt, fmt::format("the store is older than the seal file {}: an older copy of the data was put back, or other data",
                                           s.options.store->name()));
  }
  return {};
}

Result<void> SealManager::confirm_store(std::uint64_t written) {
  State& s = *state_;
  const std::lock_guard lock(s.file_mutex);
  if (!s.keyring) return vault_is_sealed();
  if (written > s.keyring->counter) return fail(Code::internal, "a rollback counter was confirmed that was never given");
  if (written <= s.keyring->confirmed) return {};
  Keyring next = *s.keyring;
  next.confirmed = written;
  return s.commit(*s.file, std::move(next), 0);
}

}  // namespace coffer::barrier
