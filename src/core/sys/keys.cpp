#include "base/encoding.h"
#include "base/log.h"
#include "core/envelope.h"
#include "core/revoke.h"
#include "core/sys/mount_rows.h"
#include "core/sys/topics.h"

// Rekey, root generation and rotation (vault-api.md §1.0, §2.7). Each ceremony stands at two places: Vault's, whose answers come without the
// envelope, and OpenBao's below sys/rotate/ and sys/generate-root-token/, with it.
namespace coffer::core {
namespace {

using barrier::ShareKind;
using schema::Access;
using schema::field;
using schema::Omit;
using schema::Verb;

struct Empty {
  static constexpr auto fields() { return std::tuple{}; }
};
struct StartRekey {
  std::int64_t secret_shares = 0, secret_threshold = 0;
  std::vector<std::string> pgp_keys;
  bool backup = false, require_verification = false;
  static constexpr auto fields() {
    using T = StartRekey;
    return std::tuple{field<&T::secret_shares>("secret_shares", "Into how many shares the key is split.").open(),
                      field<&T::secret_threshold>("secret_threshold", "How many of them are needed.").open(),
                      field<&T::pgp_keys>("pgp_keys", "OpenPGP public keys, base64, one per share."),
                      field<&T::backup>("backup", "Keeps the encrypted shares for a later look.").open(),
                      field<&T::require_verification>("require_verification", "Keeps the old shares in force until the new ones were shown.").open()};
  }
};
struct Share {
  std::string key, nonce;
  static constexpr auto fields() {
    return std::tuple{field<&Share::key>("key", "One share, hexadecimal or base64."), field<&Share::nonce>("nonce", "Of the ceremony.").open()};
  }
};
struct Nonce {
  std::string nonce;
  static constexpr auto fields() { return std::tuple{field<&Nonce::nonce>("nonce", "Of the ceremony.").open()}; }
};
struct RekeyProgress {
  std::string nonce;
  bool started = false;
  std::int64_t t = 0, n = 0, progress = 0, required = 0;
  std::optional<std::vector<std::string>> pgp_fingerprints;
  bool backup = false, verification_required = false;
  Omit<std::string> verification_nonce;
  static constexpr auto fields() {
    using T = RekeyProgress;
    return std::tuple{field<&T::nonce>("nonce", "Of the ceremony.").open(), field<&T::started>("started", "Whether one runs.").open(),
                      field<&T::t>("t", "New threshold.").open(), field<&T::n>("n", "New number of shares.").open(),
                      field<&T::progress>("progress", "Shares given so far.").open(), field<&T::required>("required", "Shares needed.").open(),
                      field<&T::pgp_fingerprints>("pgp_fingerprints", "Of the keys to which the new shares are encrypted.").open(),
                      field<&T::backup>("backup", "Whether the encrypted shares are kept.").open(),
                      field<&T::verification_required>("verification_required", "Whether the new shares must be shown first.").open(),
                      field<&T::verification_nonce>("verification_nonce", "Of the verification.").open()};
  }
};
struct RekeyDone {
  std::string nonce;
  bool complete = true;
  std::vector<std::string> keys, keys_base64;
  std::optional<std::vector<std::string>> pgp_fingerprints;
  bool backup = false, verification_required = false;
  Omit<std::string> verification_nonce;
  static constexpr auto fields() {
    using T = RekeyDone;
    return std::tuple{field<&T::nonce>("nonce", "Of the ceremony.").open(), field<&T::complete>("complete", "True.").open(),
                      field<&T::keys>("keys", "The new shares, hexadecimal."), field<&T::keys_base64>("keys_base64", "The new shares, base64."),
                      field<&T::pgp_fingerprints>("pgp_fingerprints", "Of the keys to which they are encrypted.").open(),
                      field<&T::backup>("backup", "Whether they are kept.").open(),
                      field<&T::verification_required>("verification_required", "Whether they must be shown before they count.").open(),
                      field<&T::verification_nonce>("verification_nonce", "Of the verification.").open()};
  }
};
struct VerifyProgress {
  std::string nonce;
  bool started = false;
  std::int64_t t = 0, n = 0, progress = 0;
  static constexpr auto fields() {
    using T = VerifyProgress;
    return std::tuple{field<&T::nonce>("nonce", "Of the verification.").open(), field<&T::started>("started", "Whether one runs.").open(),
                      field<&T::t>("t", "Shares needed.").open(), field<&T::n>("n", "Shares in all.").open(),
                      field<&T::progress>("progress", "Shares given so far.").open()};
  }
};
struct VerifyDone {
  std::string nonce;
  bool complete = true;
  static constexpr auto fields() {
    return std::tuple{field<&VerifyDone::nonce>("nonce", "Of the verification.").open(), field<&VerifyDone::complete>("complete", "True.").open()};
  }
};
struct StartRoot {
  std::string otp, pgp_key;
  static constexpr auto fields() {
    return std::tuple{field<&StartRoot::otp>("otp", "One-time pad for the token; one is made when absent."),
                      field<&StartRoot::pgp_key>("pgp_key", "OpenPGP public key, base64, to which the token is encrypted instead.")};
  }
};
struct RootProgress {
  std::string nonce;
  bool started = false;
  std::int64_t progress = 0, required = 0;
  bool complete = false;
  std::string encoded_token, encoded_root_token, pgp_fingerprint, otp;
  std::int64_t otp_length = barrier::SealManager::root_token_length;
  static constexpr auto fields() {
    using T = RootProgress;
    return std::tuple{field<&T::nonce>("nonce", "Of the ceremony.").open(), field<&T::started>("started", "Whether one runs.").open(),
                      field<&T::progress>("progress", "Shares given so far.").open(), field<&T::required>("required", "Shares needed.").open(),
                      field<&T::complete>("complete", "Whether the token was made.").open(),
                      field<&T::encoded_token>("encoded_token", "The token, hidden by the pad or encrypted."),
                      field<&T::encoded_root_token>("encoded_root_token", "The same."),
                      field<&T::pgp_fingerprint>("pgp_fingerprint", "Of the key to which it is encrypted.").open(),
                      field<&T::otp>("otp", "The pad, once, in the answer that made it."),
                      field<&T::otp_length>("otp_length", "Length that a pad must have.").open()};
  }
};
struct EncodedToken {
  std::string encoded_token, otp;
  static constexpr auto fields() {
    return std::tuple{field<&EncodedToken::encoded_token>("encoded_token", "The answer's encoded token."), field<&EncodedToken::otp>("otp", "The pad.")};
  }
};
struct DecodedToken {
  SecretBytes token;
  static constexpr auto fields() { return std::tuple{field<&DecodedToken::token>("token", "The root token.")}; }
};
struct KeyStatusReply {
  std::int64_t term = 0;
  Time install_time{};
  std::int64_t encryptions = 0;
  static constexpr auto fields() {
    using T = KeyStatusReply;
    return std::tuple{field<&T::term>("term", "Generation of the key in use.").open(), field<&T::install_time>("install_time", "Since when.").open(),
                      field<&T::encryptions>("encryptions", "How often it has encrypted.").open()};
  }
};
struct RotationReply {
  bool enabled = true;
  schema::RawJson interval;
  std::int64_t max_operations = 0;
  static constexpr auto fields() {
    using T = RotationReply;
    return std::tuple{field<&T::enabled>("enabled", "Whether keys are replaced by the limits below.").open(),
                      field<&T::interval>("interval", "Age at which a key is replaced; 0 is never.").open(),
                      field<&T::max_operations>("max_operations", "Encryptions after which a key is replaced.").open()};
  }
};
struct RotationRequest {
  std::optional<bool> enabled;
  std::optional<Seconds> interval;
  std::optional<std::int64_t> max_operations;
  static constexpr auto fields() {
    using T = RotationRequest;
    return std::tuple{field<&T::enabled>("enabled", "Whether keys are replaced by the limits below.").open(),
                      field<&T::interval>("interval", "Age at which a key is replaced; 0 is never.").open(),
                      field<&T::max_operations>("max_operations", "Encryptions after which a key is replaced.").open()};
  }
};

using Fingerprints = std::optional<std::vector<std::string>>;
Fingerprints fingerprints(const std::vector<std::string>& list) { return list.empty() ? Fingerprints() : Fingerprints(list); }
Omit<std::string> unless_empty(const std::string& text) { return {text.empty() ? std::optional<std::string>() : std::optional<std::string>(text)}; }

RekeyProgress show(const barrier::RekeyStatus& s) {
  return {s.nonce, s.started, s.threshold, s.shares, s.progress, s.required, fingerprints(s.pgp_fingerprints), s.backup, s.verification_required,
          unless_empty(s.verification_nonce)};
}
RekeyDone show_done(const barrier::RekeyUpdate& u) {
  RekeyDone out{u.status.nonce, true, {}, {}, fingerprints(u.status.pgp_fingerprints), u.status.backup, u.status.verification_required,
                unless_empty(u.status.verification_nonce)};
  for (const auto& key : u.keys) {
    out.keys.push_back(hex_encode(key.reveal_text()));
    out.keys_base64.push_back(base64_encode(key.reveal_text()));
  }
  return out;
}
VerifyProgress show(const barrier::RekeyVerification& v) { return {v.nonce, v.started, v.threshold, v.shares, v.progress}; }
RootProgress show(const barrier::RootGeneration& g) {
  return {g.nonce, g.started, g.progress, g.required, g.complete, g.encoded_token, g.encoded_token, g.pgp_fingerprint, g.otp, RootProgress{}.otp_length};
}

// Where a ceremony stands: Vault's place or OpenBao's.
enum class Place : std::uint8_t { vault, openbao };

template <Place place, class R>
schema::Reply answer(R value) {
  if constexpr (place == Place::vault) return schema::to_reply(schema::Bare<R>{std::move(value)});
  else return schema::to_reply(std::move(value));
}
// OpenBao calls it rotation.
template <Place place, class R>
Result<R> named(Result<R> result) {
  if (place == Place::openbao && !result)
    if (const auto at = result.error().message.find("rekey"); at != std::string::npos) result.error().message.replace(at, 5, "rotation");
  return result;
}
// Not the token itself; a batch token has no accessor.
std::string_view initiator(const Caller& c) { return c.token_accessor.empty() ? c.token_id : c.token_accessor; }
// Ceremonies at Vault's places take no capability from a policy alone: they need sudo, or a listener opened to callers without a token.
Result<void> permit(const Caller& c, bool open_to_all) {
  if (c.sudo || open_to_all) return {};
  if (c.token_id.empty()) return fail(Code::unsupported_operation, "unsupported operation");
  return fail(Code::permission_denied, joined_error("permission denied"));
}
Result<SecretBytes> key_of(const Share& in) {
  if (in.key.empty()) return invalid("'key' must be specified in request body as JSON");
  return barrier::decode_key(in.key);
}

// For Session::unless_recorded.
bool put_back(const Result<void>& done, std::string_view what) {
  if (!done) log::error("a {} whose answer could not be audited could not be taken back: {}", what, done.error().message);
  return done.has_value();
}

class KeysTopic final : public Topic {
 public:
  explicit KeysTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    add_rekey<ShareKind::barrier, Place::vault>(out, "rekey/init", "rekey/update", "rekey/verify", "rekey/backup");
    add_rekey<ShareKind::recovery, Place::vault>(out, "rekey-recovery-key/init", "rekey-recovery-key/update", "rekey-recovery-key/verify",
                                                 "rekey/recovery-key-backup");
    add_rekey<ShareKind::barrier, Place::openbao>(out, "rotate/root/init", "rotate/root/update", "rotate/root/verify", "rotate/root/backup");
    add_rekey<ShareKind::recovery, Place::openbao>(out, "rotate/recovery/init", "rotate/recovery/update", "rotate/recovery/verify", "rotate/recovery/backup");
    add_root<Place::vault>(out, "generate-root/attempt", "generate-root/update");
    add_root<Place::openbao>(out, "generate-root-token/attempt", "generate-root-token/update");
    add_rotation(out);
    return out;
  }

 private:
  using T = KeysTopic;
  static constexpr Access access(Place place) { return place == Place::vault ? Access::optional : Access::sudo; }

  template <ShareKind kind, Place place>
  void add_rekey(std::vector<schema::Endpoint>& out, std::string_view init, std::string_view update, std::string_view verify, std::string_view backup) {
    out.push_back(schema::at(init, "New shares: the start of the ceremony.")
                      .on(Verb::read, this, &T::rekey_status<kind, place>, "How far it is.", access(place)).template replies<RekeyProgress>()
                      .on(Verb::write, this, &T::rekey_start<kind, place>, "Starts it.", access(place)).template replies<RekeyProgress>()
                      .on(Verb::remove, this, &T::rekey_cancel<kind, place>, "Gives it up.", access(place)));
    out.push_back(schema::at(update, "New shares: the shares in force.")
                      .on(Verb::write, this, &T::rekey_update<kind, place>, "Takes one share; the last one makes the new shares.", access(place))
                      .template replies<RekeyDone>());
    out.push_back(schema::at(verify, "New shares: showing that they are held.")
                      .on(Verb::read, this, &T::verify_status<kind, place>, "How far it is.", access(place)).template replies<VerifyProgress>()
                      .on(Verb::write, this, &T::verify_update<kind, place>, "Takes one new share; the last one puts them in force.", access(place))
                      .template replies<VerifyDone>()
                      .on(Verb::remove, this, &T::verify_restart<kind, place>, "Begins the verification anew.", access(place))
                      .template replies<VerifyProgress>());
    out.push_back(schema::at(backup, "Encrypted shares that were kept.")
                      .on(Verb::read, this, &T::backup<kind>, "Shows them.", Access::sudo).repeats_data()
                      .on(Verb::remove, this, &T::backup_delete<kind>, "Forgets them.", Access::sudo));
  }
  template <Place place>
  void add_root(std::vector<schema::Endpoint>& out, std::string_view attempt, std::string_view update) {
    out.push_back(schema::at(attempt, "A new root token: the start of the ceremony.")
                      .on(Verb::read, this, &T::root_status<place>, "How far it is.", access(place)).template replies<RootProgress>()
                      .on(Verb::write, this, &T::root_start<place>, "Starts it.", access(place)).template replies<RootProgress>()
                      .on(Verb::remove, this, &T::root_cancel<place>, "Gives it up.", access(place)));
    out.push_back(schema::at(update, "A new root token: the shares.")
                      .on(Verb::write, this, &T::root_update<place>, "Takes one share; the last one makes the token.", access(place))
                      .template replies<RootProgress>());
  }
  void add_rotation(std::vector<schema::Endpoint>& out) {
    out.push_back(schema::at("decode-token", "The token inside an encoded one.").on(Verb::write, this, &T::decode, "Removes the one-time pad."));
    out.push_back(schema::at("rotate", "A new key for what is written from now on.").on(Verb::write, this, &T::rotate, "Adds a key.", Access::sudo));
    out.push_back(schema::at("rotate/keyring", "The same.").on(Verb::write, this, &T::rotate, "Adds a key.", Access::sudo));
    out.push_back(schema::at("rotate/config", "When keys are replaced by themselves.")
                      .on(Verb::read, this, &T::rotation, "Shows the limits.")
                      .on(Verb::write, this, &T::set_rotation, "Sets the limits."));
    out.push_back(schema::at("key-status", "The key in use.").on(Verb::read, this, &T::key_status, "Its term and age.").repeats_data());
  }

  template <ShareKind kind, Place place>
  Result<schema::Reply> rekey_status(const Caller& c, Session&, const Empty&) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    return answer<place>(show(TRY(named<place>(system_.seal.rekey_status(kind)))));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> rekey_start(const Caller& c, Session& session, const StartRekey& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    const auto bounded = [](std::int64_t n) { return static_cast<int>(std::clamp<std::int64_t>(n, -1, 100'000)); };
    const barrier::RekeyRequest request{bounded(in.secret_shares), bounded(in.secret_threshold), in.pgp_keys, in.backup, in.require_verification};
    const auto status = TRY(named<place>(system_.seal.rekey_init(kind, request, initiator(c))));
    session.unless_recorded([this, nonce = status.nonce, by = std::string(initiator(c))] {
      return put_back(system_.seal.rekey_cancel(kind, nonce, by), "rekey");
    });
    return answer<place>(show(status));
  }
  template <ShareKind kind, Place place>
  Result<schema::Nothing> rekey_cancel(const Caller& c, Session&, const Nonce& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    CHECK_OK(named<place>(system_.seal.rekey_cancel(kind, in.nonce, initiator(c))));
    return schema::Nothing{};
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> rekey_update(const Caller& c, Session& session, const Share& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    const auto update = TRY(named<place>(system_.seal.rekey_update(kind, TRY(key_of(in)), in.nonce)));
    if (!update.complete) return answer<place>(show(update.status));
    // New shares that nobody was given must not be the ones that open the seal.
    session.unless_recorded([this, nonce = update.status.nonce] { return put_back(system_.seal.rekey_revert(kind, nonce), "rekey"); });
    return answer<place>(show_done(update));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> verify_status(const Caller& c, Session&, const Empty&) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    return answer<place>(show(TRY(named<place>(system_.seal.rekey_verify_status(kind)))));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> verify_update(const Caller& c, Session&, const Share& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    const auto state = TRY(named<place>(system_.seal.rekey_verify(kind, TRY(key_of(in)), in.nonce)));
    if (state.complete) return answer<place>(VerifyDone{state.nonce, true});
    return answer<place>(show(state));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> verify_restart(const Caller& c, Session&, const Nonce& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_rekey));
    return answer<place>(show(TRY(named<place>(system_.seal.rekey_verify_restart(kind, in.nonce, initiator(c))))));
  }
  template <ShareKind kind>
  Result<schema::Custom> backup(const Caller&, Session&, const Empty&) {
    auto kept = TRY(system_.seal.rekey_backup(kind));
    return schema::Custom{[kept = std::move(kept)](json::Writer& w) { encode_backup(w, kept); }};
  }
  static void encode_backup(json::Writer& w, const barrier::PgpBackup& kept) {
    const auto list = [&](std::string_view name, auto form) {
      w.key(name).begin_object();
      for (const auto& [fingerprint, keys] : kept.keys) {
        w.key(fingerprint).begin_array();
        for (const auto& key : keys) w.string(form(key));
        w.end_array();
      }
      w.end_object();
    };
    w.begin_object();
    {
      const json::Writer::Public clear(w);
      w.key("nonce").string(kept.nonce);
    }
    list("keys", [](const std::string& message) { return hex_encode(message); });
    list("keys_base64", [](const std::string& message) { return base64_encode(message); });
    w.end_object();
  }
  template <ShareKind kind>
  Result<schema::Nothing> backup_delete(const Caller&, Session&, const Empty&) {
    CHECK_OK(system_.seal.rekey_backup_delete(kind));
    return schema::Nothing{};
  }

  template <Place place>
  Result<schema::Reply> root_status(const Caller& c, Session&, const Empty&) {
    CHECK_OK(permit(c, system_.config.unauthenticated_generate_root));
    return answer<place>(show(TRY(system_.seal.generate_root_status())));
  }
  template <Place place>
  Result<schema::Reply> root_start(const Caller& c, Session& session, const StartRoot& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_generate_root));
    const auto status = TRY(system_.seal.generate_root_init(in.otp, in.pgp_key, initiator(c)));
    session.unless_recorded([this, nonce = status.nonce, by = std::string(initiator(c))] {
      return put_back(system_.seal.generate_root_cancel(nonce, by), "root generation");
    });
    return answer<place>(show(status));
  }
  template <Place place>
  Result<schema::Nothing> root_cancel(const Caller& c, Session&, const Nonce& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_generate_root));
    CHECK_OK(system_.seal.generate_root_cancel(in.nonce, initiator(c)));
    return schema::Nothing{};
  }
  template <Place place>
  Result<schema::Reply> root_update(const Caller& c, Session& session, const Share& in) {
    CHECK_OK(permit(c, system_.config.unauthenticated_generate_root));
    Runtime* runtime = system_.runtime.load();
    if (runtime == nullptr) return fail(Code::sealed, "Vault is sealed");
    const auto make = [runtime, &session]() -> Result<SecretBytes> {
      SecretBytes token;
      auto done = runtime->transact([&](RequestSpaces& spaces) -> Result<void> {
        token = TRY(make_root_token(spaces, *runtime, SecretBytes()));
        return {};
      });
      if (!done) return std::unexpected(std::move(done).error());
      // A root token that nobody was told must not live on.
      session.unless_recorded(
          [runtime, id = runtime->keys().id_of(token.reveal_text())] { return put_back(revoke_tree(*runtime, id), "root generation"); });
      return token;
    };
    return answer<place>(show(TRY(system_.seal.generate_root_update(TRY(key_of(in)), in.nonce, make))));
  }
  Result<DecodedToken> decode(const Caller&, const Snapshot&, const EncodedToken& in) {
    return DecodedToken{TRY(barrier::decode_root_token(in.encoded_token, in.otp))};
  }

  Result<schema::Nothing> rotate(const Caller&, Session&, const Empty&) {
    CHECK_OK(system_.seal.rotate());
    return schema::Nothing{};
  }
  Result<RotationReply> rotation(const Caller&, const Snapshot&, const Empty&) {
    const auto config = TRY(system_.seal.rotation_config());
    return RotationReply{config.enabled, {config.interval.count() == 0 ? "0" : json::quoted(go_duration(config.interval))},
                         static_cast<std::int64_t>(config.max_operations)};
  }
  Result<schema::Nothing> set_rotation(const Caller&, Session&, const RotationRequest& in) {
    auto config = TRY(system_.seal.rotation_config());
    if (in.enabled) config.enabled = *in.enabled;
    if (in.interval) config.interval = *in.interval;
    if (in.max_operations) {
      if (*in.max_operations < 0) return invalid("'max_operations' cannot be negative");
      config.max_operations = static_cast<std::uint64_t>(*in.max_operations);
    }
    CHECK_OK(system_.seal.set_rotation_config(config));
    return schema::Nothing{};
  }
  Result<KeyStatusReply> key_status(const Caller&, const Snapshot&, const Empty&) {
    const auto status = TRY(system_.seal.key_status());
    return KeyStatusReply{status.term, status.install_time, static_cast<std::int64_t>(status.encryptions)};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_keys_topic(System& system) { return std::make_unique<KeysTopic>(system); }

}  // namespace coffer::core
