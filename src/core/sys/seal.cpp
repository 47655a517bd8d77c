#include "base/encoding.h"
#include "core/envelope.h"
#include "core/sys/seal_status.h"
#include "core/sys/topics.h"

namespace coffer::core {
namespace {

using schema::field;
using schema::Verb;

struct InitStatus {
  bool initialized = false;
  static constexpr auto fields() { return schema::Fields{field<&InitStatus::initialized>("initialized", "Whether the server has keys.").open()}; }
};
struct InitRequest {
  std::int64_t secret_shares = 0, secret_threshold = 0, recovery_shares = 0, recovery_threshold = 0, stored_shares = 0;
  std::vector<std::string> pgp_keys, recovery_pgp_keys;
  std::string root_token_pgp_key;
  static constexpr auto fields() {
    using T = InitRequest;
    return schema::Fields{field<&T::secret_shares>("secret_shares", "Into how many shares the unseal key is split.").open(),
                      field<&T::secret_threshold>("secret_threshold", "How many of them unseal.").open(),
                      field<&T::recovery_shares>("recovery_shares", "The same for the recovery key of a seal that unseals by itself.").open(),
                      field<&T::recovery_threshold>("recovery_threshold", "The same.").open(),
                      field<&T::stored_shares>("stored_shares", "Accepted for old clients; without effect.").open(),
                      field<&T::pgp_keys>("pgp_keys", "OpenPGP public keys, base64, one per share: each share is encrypted to its key."),
                      field<&T::recovery_pgp_keys>("recovery_pgp_keys", "The same for recovery shares."),
                      field<&T::root_token_pgp_key>("root_token_pgp_key", "OpenPGP public key to which the root token is encrypted.")};
  }
};
struct InitReply {
  std::vector<std::string> keys, keys_base64;
  schema::Omit<std::vector<std::string>> recovery_keys, recovery_keys_base64;
  std::string root_token;
  static constexpr auto fields() {
    using T = InitReply;
    return schema::Fields{field<&T::keys>("keys", "The shares, hexadecimal."), field<&T::keys_base64>("keys_base64", "The shares, base64."),
                      field<&T::recovery_keys>("recovery_keys", "Recovery shares, hexadecimal."),
                      field<&T::recovery_keys_base64>("recovery_keys_base64", "Recovery shares, base64."),
                      field<&T::root_token>("root_token", "The first root token.")};
  }
};
struct UnsealRequest {
  std::string key;
  bool reset = false, migrate = false;
  static constexpr auto fields() {
    using T = UnsealRequest;
    return schema::Fields{field<&T::key>("key", "One share, hexadecimal or base64."), field<&T::reset>("reset", "Forgets the shares given so far.").open(),
                      field<&T::migrate>("migrate", "Moves to the configured seal.").open()};
  }
};

std::vector<std::string> as_hex(const barrier::KeyList& keys) {
  std::vector<std::string> out;
  for (const auto& key : keys) out.push_back(hex_encode(key.reveal_text()));
  return out;
}
std::vector<std::string> as_base64(const barrier::KeyList& keys) {
  std::vector<std::string> out;
  for (const auto& key : keys) out.push_back(base64_encode(key.reveal_text()));
  return out;
}

class SealTopic final : public Topic {
 public:
  explicit SealTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    using schema::Access;
    std::vector<schema::Endpoint> out;
    out.push_back(schema::at("init", "Whether the server is initialised, and doing it.")
                      .on(Verb::read, this, &SealTopic::init_status, "Whether the server has keys.", Access::anyone).works_sealed()
                      .on(Verb::write, this, &SealTopic::init, "Makes the keys, splits them, and makes the first root token.", Access::anyone).works_sealed());
    out.push_back(schema::at("seal-status", "How far the seal is open.")
                      .on(Verb::read, this, &SealTopic::status, "State of the seal.", Access::anyone).works_sealed());
    out.push_back(schema::at("unseal", "Opening the seal.")
                      .on(Verb::write, this, &SealTopic::unseal, "Takes one share.", Access::anyone).works_sealed());
    out.push_back(schema::at("seal", "Closing the seal.")
                      .on(Verb::write, this, &SealTopic::seal, "Seals the server: the keys leave its memory.", Access::sudo).works_sealed());
    out.push_back(schema::at("step-down", "Giving up leadership.")
                      .on(Verb::write, this, &SealTopic::step_down, "Without a cluster there is nothing to give up.", Access::sudo));
    return out;
  }

 private:
  Result<schema::Bare<InitStatus>> init_status(const Caller&, Session&, const schema::NoMembers&) { return schema::Bare<InitStatus>{{system_.seal.initialized()}}; }
  Result<schema::Bare<InitReply>> init(const Caller&, Session&, const InitRequest& in) {
    const auto bounded = [](std::int64_t n) { return static_cast<int>(std::clamp<std::int64_t>(n, -1, 100'000)); };
    auto made = TRY(system_.seal.init({bounded(in.secret_shares), bounded(in.secret_threshold), in.pgp_keys, bounded(in.recovery_shares),
                                       bounded(in.recovery_threshold), in.recovery_pgp_keys, in.root_token_pgp_key}));
    InitReply out{as_hex(made.keys), as_base64(made.keys), {}, {}, std::string(made.root_token.reveal_text())};
    if (!made.recovery_keys.empty()) {
      out.recovery_keys.value = as_hex(made.recovery_keys);
      out.recovery_keys_base64.value = as_base64(made.recovery_keys);
    }
    return schema::Bare<InitReply>{std::move(out)};
  }
  Result<schema::Bare<SealStatusReply>> status(const Caller&, Session&, const schema::NoMembers&) {
    return schema::Bare<SealStatusReply>{seal_status_reply(system_, system_.seal.seal_status())};
  }
  Result<schema::Bare<SealStatusReply>> unseal(const Caller&, Session&, const UnsealRequest& in) {
    const auto answer = [&](const barrier::SealStatus& status) { return schema::Bare<SealStatusReply>{seal_status_reply(system_, status)}; };
    if (!system_.seal.initialized()) return invalid("Vault is not initialized");
    if (in.reset) return answer(TRY(system_.seal.reset_unseal()));
    if (in.key.empty()) return invalid("'key' must be specified in request body as JSON, or 'reset' set to true");
    return answer(TRY(system_.seal.unseal(TRY(barrier::decode_key(in.key)), in.migrate)));
  }
  Result<schema::Nothing> seal(const Caller&, Session&, const schema::NoMembers&) {
    system_.seal.seal();
    return schema::Nothing{};
  }
  Result<schema::Nothing> step_down(const Caller&, const Snapshot&, const schema::NoMembers&) { return schema::Nothing{}; }

  System& system_;
};

}  // namespace

SealStatusReply seal_status_reply(const System& system, const barrier::SealStatus& s) {
  SealStatusReply out;
  out.type = s.type;
  out.initialized = s.initialized;
  out.sealed = s.sealed;
  out.t = s.threshold;
  out.n = s.shares;
  out.progress = s.progress;
  out.nonce = s.nonce;
  out.version = system.config.api_version;
  out.build_date = system.config.build_date;
  out.migration = s.migration;
  if (!s.sealed) {
    out.cluster_name.value = s.cluster_name;
    out.cluster_id.value = s.cluster_id;
  }
  out.recovery_seal = s.recovery_seal;
  out.storage_type = system.config.storage_type;
  return out;
}

std::unique_ptr<Topic> make_seal_topic(System& system) { return std::make_unique<SealTopic>(system); }

}  // namespace coffer::core
