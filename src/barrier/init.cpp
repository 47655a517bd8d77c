// SealManager's init.
#include <fmt/format.h>

#include "barrier/ceremony_state.h"
#include "barrier/seal/shamir_seal.h"
#include "base/encoding.h"
#include "base/log.h"
#include "crypto/aead.h"

namespace coffer::barrier {
namespace {

// One side of an init: the unseal shares, or the recovery shares.
struct Plan {
  ShareConfig config;
  std::vector<crypto::PgpKey> receivers;
};

Result<Plan> make_plan(std::string_view prefix, int shares, int threshold, const std::vector<std::string>& pgp_keys) {
  const auto named = [prefix](Error error) {
    error.message.insert(0, prefix);
    return std::unexpected(std::move(error));
  };
  if (auto ok = check_share_config(shares, threshold); !ok) return named(ok.error());
  if (!pgp_keys.empty() && pgp_keys.size() != static_cast<std::size_t>(shares)) {
    return named({Code::invalid_argument, "count mismatch between number of provided PGP keys and number of shares"});
  }
  auto receivers = parse_pgp_keys(pgp_keys);
  if (!receivers) return named(receivers.error());
  return Plan{{static_cast<unsigned>(shares), static_cast<unsigned>(threshold)}, *std::move(receivers)};
}

Result<void> refuse_parameters(std::string_view seal_type, std::initializer_list<std::pair<std::string_view, bool>> given) {
  std::string names;
  for (const auto& [name, is_given] : given) {
    if (is_given) names.append(names.empty() ? "" : ",").append(name);
  }
  if (names.empty()) return {};
  return invalid(fmt::format("parameters {} not applicable to seal type {}", names, seal_type));
}

Result<Plan> plan_of(const InitRequest& request, bool unattended, std::string_view seal_type) {
  if (unattended) {
    CHECK_OK(refuse_parameters(seal_type, {{"secret_shares", request.secret_shares != 0},
                                           {"secret_threshold", request.secret_threshold != 0},
                                           {"pgp_keys", !request.pgp_keys.empty()}}));
    return make_plan("invalid recovery configuration: ", request.recovery_shares, request.recovery_threshold, request.recovery_pgp_keys);
  }
  CHECK_OK(refuse_parameters(seal_type, {{"recovery_shares", request.recovery_shares != 0},
                                         {"recovery_threshold", request.recovery_threshold != 0},
                                         {"recovery_pgp_keys", !request.recovery_pgp_keys.empty()}}));
  return make_plan("invalid seal configuration: ", request.secret_shares, request.secret_threshold, request.pgp_keys);
}

std::string new_cluster_name(const std::string& configured, Random& random) {
  if (!configured.empty()) return configured;
  return "coffer-cluster-" + hex_encode(crypto::random_secret(4, random).reveal_text());
}

}  // namespace

Result<InitResult> SealManager::init(const InitRequest& request) {
  State& s = *state_;
  const std::lock_guard lock(s.transition);
  if (s.initialized) return invalid("Vault is already initialized");
  const Seal* seal = s.options.seal.get();
  const Plan plan = TRY(plan_of(request, seal != nullptr, seal ? seal->type() : "shamir"));
  std::vector<crypto::PgpKey> token_receiver;
  if (!request.root_token_pgp_key.empty()) token_receiver = TRY(parse_pgp_keys({request.root_token_pgp_key}));

  const bool leftovers = s.file.has_value();
  Opening fresh;
  fresh.file.initializing = true;
  fresh.file.cluster_id = make_uuid(s.options.random);
  fresh.file.cluster_name = new_cluster_name(s.options.cluster_name, s.options.random);
  fresh.root_key = crypto::random_secret(root_key_bytes, s.options.random);
  fresh.keyring = make_keyring(s.options.clock.now(), s.options.random);
  // The unseal key, or the recovery key that stands in for it: made here, split, and kept nowhere.
  const SecretBytes shared_key = crypto::random_secret(ShamirSeal::key_bytes, s.options.random);
  if (seal) {
    fresh.file.seal_type = seal->type();
    fresh.file.recovery = plan.config;
    fresh.keyring.recovery_check = recovery_check_of(shared_key);
    fresh.file.root_key = TRY(seal->wrap(fresh.root_key, fresh.file.root_key_context()));
  } else {
    fresh.file.seal_type = "shamir";
    fresh.file.barrier = plan.config;
    fresh.file.root_key = TRY(ShamirSeal(shared_key.clone(), s.options.random).wrap(fresh.root_key, fresh.file.root_key_context()));
  }
  InitResult result;
  KeyList keys = TRY(hand_out(TRY(split_key(shared_key, plan.config.shares, plan.config.threshold, s.options.random)), plan.receivers));
  (seal ? result.recovery_keys : result.keys) = std::move(keys);

  {
    const std::lock_guard file_lock(s.file_mutex);
    s.root_key = std::make_shared<const crypto::GuardedKey>(fresh.root_key);
    fresh.keyring.terms.back().encryptions = Keyring::reserve_block;
    if (auto written = s.commit(std::move(fresh.file), std::move(fresh.keyring), 0); !written) {
      s.root_key = nullptr;
      return std::unexpected(written.error());
    }
  }
  auto finish = [&]() -> Result<void> {
    if (s.listener) {
      result.root_token = TRY(s.listener->initialize(leftovers));
      s.listener->closing();
    }
    if (!token_receiver.empty()) {
      result.root_token = SecretBytes::copy_of(base64_encode(TRY(token_receiver[0].encrypt(result.root_token.reveal_text()))));
    }
    const std::lock_guard file_lock(s.file_mutex);
    SealFile done = *s.file;
    done.initializing = false;
    Keyring last = *s.keyring;
    last.terms.back().encryptions = s.barrier.encryptions();
    return s.commit(std::move(done), std::move(last), 0);
  };
  const auto finished = finish();
  s.leave();
  if (!finished) return std::unexpected(finished.error());
  s.initialized = true;
  s.publish();
  if (seal) {
    // The shares must reach the caller even when the store cannot be opened now: a restart tries again.
    auto opening = s.open_root(nullptr);
    auto opened = opening ? s.enter(*std::move(opening)) : Result<void>(std::unexpected(opening.error()));
    if (!opened) log::error("initialised, but not unsealed: {}", opened.error().message);
  }
  return result;
}

}  // namespace coffer::barrier
