#include "barrier/ceremony.h"

#include <fmt/format.h>

#include "barrier/ceremony_state.h"
#include "barrier/seal/shamir_seal.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

namespace coffer::barrier {

std::unexpected<Error> vault_is_sealed() { return fail(Code::sealed, "Vault is sealed"); }

Result<void> check_share_config(int shares, int threshold) {
  if (shares < 1) return invalid("shares must be at least one");
  if (threshold < 1) return invalid("threshold must be at least one");
  if (shares > 1 && threshold == 1) return invalid("threshold must be greater than one for multiple shares");
  if (shares > 255) return invalid("shares must be less than 256");
  if (threshold > shares) return invalid("threshold cannot be larger than shares");
  return {};
}

Result<std::vector<crypto::PgpKey>> parse_pgp_keys(const std::vector<std::string>& keys) {
  std::vector<crypto::PgpKey> out;
  for (const auto& text : keys) {
    auto key = crypto::PgpKey::parse(text);
    if (!key) return fail(key.error().code, "error parsing given PGP key: " + key.error().message);
    out.push_back(*std::move(key));
  }
  return out;
}

Result<KeyList> hand_out(std::vector<SecretBytes> shares, const std::vector<crypto::PgpKey>& receivers) {
  if (receivers.empty()) return shares;
  KeyList out;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    std::string text = hex_encode(shares[i].reveal_text());
    const auto message = receivers[i].encrypt(text);
    wipe(text);
    if (!message) return std::unexpected(message.error());
    out.push_back(SecretBytes::copy_of(*message));
  }
  return out;
}

std::string recovery_check_of(const SecretBytes& recovery_key) {
  return std::string(crypto::as_text(crypto::HmacSha256(recovery_key.reveal()).mac("coffer recovery key")));
}

bool SealManager::State::migrating() const {
  if (!file) return false;
  const std::string_view configured = options.seal ? options.seal->type() : "shamir";
  return configured != file->seal_type;
}

const Seal* SealManager::State::stored_seal() const {
  for (const auto* seal : {&options.seal, &options.previous_seal}) {
    if (*seal && (*seal)->type() == file->seal_type) return seal->get();
  }
  return nullptr;
}

ShareConfig SealManager::State::shares_in_force() const { return file->recovery ? *file->recovery : file->barrier; }

void SealManager::State::publish() {
  SealStatus next;
  const std::lock_guard file_lock(file_mutex);
  const std::lock_guard lock(status_mutex);
  next.initialized = initialized;
  next.sealed = sealed;
  next.type = options.seal ? options.seal->type() : "shamir";
  next.recovery_seal = options.seal != nullptr;
  if (initialized) {
    next.type = file->seal_type;
    next.recovery_seal = file->recovery.has_value();
    next.threshold = shares_in_force().threshold;
    next.shares = shares_in_force().shares;
    next.migration = migrating();
    next.progress = unseal_shares.count();
    if (next.progress != 0) next.nonce = unseal_nonce;
    if (!next.sealed) {
      next.cluster_name = file->cluster_name;
      next.cluster_id = file->cluster_id;
    }
  }
  status = std::move(next);
}

Ceremony SealManager::State::begin(std::string_view initiator) const {
  return {make_uuid(options.random), std::string(initiator), options.clock.now()};
}

Result<void> SealManager::State::may_cancel(const Ceremony& running, std::string_view nonce, std::string_view initiator) const {
  if (!nonce.empty()) {
    if (constant_time_equal(nonce, running.nonce)) return {};
    return invalid("incorrect nonce supplied");
  }
  if (!initiator.empty() && initiator == running.initiator) return {};
  if (options.clock.now() - running.started >= unattended_ceremony) return {};
  return fail(Code::permission_denied, "this operation was started by another caller less than ten minutes ago: give its nonce to cancel it");
}

Result<void> SealManager::State::commit(SealFile next, Keyring keys, std::uint64_t used) {
  ++keys.counter;
  auto shared = std::make_shared<const Keyring>(std::move(keys));
  next.keyring = root_key->with([&](std::span<const std::byte> secret) {
    return crypto::seal_box(secret, next.keyring_context(), encode(*shared).reveal_text(), options.random);
  });
  CHECK_OK(options.store->write(encode(next)));
  file = std::move(next);
  keyring = shared;
  barrier.install(std::move(shared), used);
  return {};
}

SealManager::SealManager(std::unique_ptr<State> state) : state_(std::move(state)) {}
SealManager::~SealManager() {
  if (state_) state_->leave();
}

Result<std::unique_ptr<SealManager>> SealManager::open(Options options) {
  auto state = std::make_unique<State>(std::move(options));
  const auto text = TRY(state->options.store->read());
  if (text) {
    state->file = TRY(parse_seal_file(*text, state->options.store->name()));
    if (state->file->seal_type != "shamir" && !state->stored_seal()) {
      return invalid(fmt::format("the data is sealed by a seal of type {0:?}, which the configuration does not hold: add its stanza again, with "
                                 "disabled = true to move to another seal",
                                 state->file->seal_type));
    }
    state->initialized = !state->file->initializing;
  }
  state->barrier.on_exhausted([raw = state.get()] { return raw->reserve(); });
  state->publish();
  return std::unique_ptr<SealManager>(new SealManager(std::move(state)));
}

void SealManager::listen(SealListener* listener) { state_->listener = listener; }
bool SealManager::initialized() const { return state_->initialized; }
bool SealManager::sealed() const { return state_->sealed; }
Barrier& SealManager::barrier() { return state_->barrier; }

SealStatus SealManager::seal_status() const {
  const std::lock_guard lock(state_->status_mutex);
  return state_->status;
}

Result<SecretBytes> decode_key(std::string_view text) {
  const auto take = [](std::string& bytes) {
    SecretBytes out = SecretBytes::copy_of(bytes);
    wipe(bytes);
    return out;
  };
  if (auto bytes = hex_decode(text); bytes && bytes->size() >= shortest_share && bytes->size() <= longest_share) return take(*bytes);
  if (auto bytes = base64_decode(text)) return take(*bytes);
  return invalid("'key' must be a valid hex or base64 string");
}

}  // namespace coffer::barrier
