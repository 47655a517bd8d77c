#include "base/encoding.h"
#include "core/sys/ceremony.h"

// New shares for the keys in force, after all holders have shown theirs (vault-api.md §2.7).
namespace coffer::core {
namespace {

using barrier::ShareKind;
using ceremony::Place;
using schema::Access;
using schema::field;
using schema::Omit;
using schema::Verb;

struct StartRekey {
  std::int64_t secret_shares = 0, secret_threshold = 0;
  std::vector<std::string> pgp_keys;
  bool backup = false, require_verification = false;
  static constexpr auto fields() {
    using T = StartRekey;
    return schema::Fields{
        field<&T::secret_shares>("secret_shares", "Into how many shares the key is split.").open(),
        field<&T::secret_threshold>("secret_threshold", "How many of them are needed.").open(),
        field<&T::pgp_keys>("pgp_keys", "OpenPGP public keys, base64, one per share."),
        field<&T::backup>("backup", "Keeps the encrypted shares for a later look.").open(),
        field<&T::require_verification>("require_verification", "Keeps the old shares in force until the new ones were shown.").open()};
  }
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
    return schema::Fields{field<&T::nonce>("nonce", "Of the ceremony.").open(),
                      field<&T::started>("started", "Whether one runs.").open(),
                      field<&T::t>("t", "New threshold.").open(),
                      field<&T::n>("n", "New number of shares.").open(),
                      field<&T::progress>("progress", "Shares given so far.").open(),
                      field<&T::required>("required", "Shares needed.").open(),
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
    return schema::Fields{field<&T::nonce>("nonce", "Of the ceremony.").open(),
                      field<&T::complete>("complete", "True.").open(),
                      field<&T::keys>("keys", "The new shares, hexadecimal."),
                      field<&T::keys_base64>("keys_base64", "The new shares, base64."),
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
    return schema::Fields{field<&T::nonce>("nonce", "Of the verification.").open(), field<&T::started>("started", "Whether one runs.").open(),
                      field<&T::t>("t", "Shares needed.").open(), field<&T::n>("n", "Shares in all.").open(),
                      field<&T::progress>("progress", "Shares given so far.").open()};
  }
};
struct VerifyDone {
  std::string nonce;
  bool complete = true;
  static constexpr auto fields() {
    return schema::Fields{field<&VerifyDone::nonce>("nonce", "Of the verification.").open(),
                      field<&VerifyDone::complete>("complete", "True.").open()};
  }
};

using Fingerprints = std::optional<std::vector<std::string>>;
Fingerprints fingerprints(const std::vector<std::string>& list) { return list.empty() ? Fingerprints() : Fingerprints(list); }
Omit<std::string> unless_empty(const std::string& text) {
  return {text.empty() ? std::optional<std::string>() : std::optional<std::string>(text)};
}

RekeyProgress show(const barrier::RekeyStatus& s) {
  return {s.nonce,
          s.started,
          s.threshold,
          s.shares,
          s.progress,
          s.required,
          fingerprints(s.pgp_fingerprints),
          s.backup,
          s.verification_required,
          unless_empty(s.verification_nonce)};
}
RekeyDone show_done(const barrier::RekeyUpdate& u) {
  RekeyDone out{u.status.nonce,
                true,
                {},
                {},
                fingerprints(u.status.pgp_fingerprints),
                u.status.backup,
                u.status.verification_required,
                unless_empty(u.status.verification_nonce)};
  for (const auto& key : u.keys) {
    out.keys.push_back(hex_encode(key.reveal_text()));
    out.keys_base64.push_back(base64_encode(key.reveal_text()));
  }
  return out;
}
VerifyProgress show(const barrier::RekeyVerification& v) { return {v.nonce, v.started, v.threshold, v.shares, v.progress}; }

// OpenBao calls it rotation.
template <Place place, class R>
Result<R> named(Result<R> result) {
  if (place == Place::openbao && !result)
    if (const auto at = result.error().message.find("rekey"); at != std::string::npos) result.error().message.replace(at, 5, "rotation");
  return result;
}

class RekeyTopic final : public Topic {
 public:
  explicit RekeyTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    add<ShareKind::barrier, Place::vault>(out, "rekey/init", "rekey/update", "rekey/verify", "rekey/backup");
    add<ShareKind::recovery, Place::vault>(out, "rekey-recovery-key/init", "rekey-recovery-key/update", "rekey-recovery-key/verify",
                                           "rekey/recovery-key-backup");
    add<ShareKind::barrier, Place::openbao>(out, "rotate/root/init", "rotate/root/update", "rotate/root/verify", "rotate/root/backup");
    add<ShareKind::recovery, Place::openbao>(out, "rotate/recovery/init", "rotate/recovery/update", "rotate/recovery/verify",
                                             "rotate/recovery/backup");
    return out;
  }

 private:
  using T = RekeyTopic;

  template <ShareKind kind, Place place>
  void add(std::vector<schema::Endpoint>& out, std::string_view init, std::string_view update, std::string_view verify,
           std::string_view backup) {
    out.push_back(schema::at(init, "New shares: the start of the ceremony.")
                      .on(Verb::read, this, &T::rekey_status<kind, place>, "How far it is.", ceremony::access(place))
                      .template replies<RekeyProgress>()
                      .on(Verb::write, this, &T::rekey_start<kind, place>, "Starts it.", ceremony::access(place))
                      .template replies<RekeyProgress>()
                      .on(Verb::remove, this, &T::rekey_cancel<kind, place>, "Gives it up.", ceremony::access(place)));
    out.push_back(schema::at(update, "New shares: the shares in force.")
                      .on(Verb::write, this, &T::rekey_update<kind, place>, "Takes one share; the last one makes the new shares.",
                          ceremony::access(place))
                      .template replies<RekeyDone>());
    out.push_back(schema::at(verify, "New shares: showing that they are held.")
                      .on(Verb::read, this, &T::verify_status<kind, place>, "How far it is.", ceremony::access(place))
                      .template replies<VerifyProgress>()
                      .on(Verb::write, this, &T::verify_update<kind, place>, "Takes one new share; the last one puts them in force.",
                          ceremony::access(place))
                      .template replies<VerifyDone>()
                      .on(Verb::remove, this, &T::verify_restart<kind, place>, "Begins the verification anew.", ceremony::access(place))
                      .template replies<VerifyProgress>());
    out.push_back(schema::at(backup, "Encrypted shares that were kept.")
                      .on(Verb::read, this, &T::backup<kind>, "Shows them.", Access::sudo)
                      .repeats_data()
                      .on(Verb::remove, this, &T::backup_delete<kind>, "Forgets them.", Access::sudo));
  }

  template <ShareKind kind, Place place>
  Result<schema::Reply> rekey_status(const Caller& c, Session&, const schema::NoMembers&) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    return ceremony::answer<place>(show(TRY(named<place>(system_.seal.rekey_status(kind)))));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> rekey_start(const Caller& c, Session& session, const StartRekey& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    const auto bounded = [](std::int64_t n) { return static_cast<int>(std::clamp<std::int64_t>(n, -1, 100'000)); };
    const barrier::RekeyRequest request{bounded(in.secret_shares), bounded(in.secret_threshold), in.pgp_keys, in.backup,
                                        in.require_verification};
    const auto status = TRY(named<place>(system_.seal.rekey_init(kind, request, ceremony::initiator(c))));
    session.unless_recorded([this, nonce = status.nonce, by = std::string(ceremony::initiator(c))] {
      return ceremony::put_back(system_.seal.rekey_cancel(kind, nonce, by), "rekey");
    });
    return ceremony::answer<place>(show(status));
  }
  template <ShareKind kind, Place place>
  Result<schema::Nothing> rekey_cancel(const Caller& c, Session&, const ceremony::Nonce& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    CHECK_OK(named<place>(system_.seal.rekey_cancel(kind, in.nonce, ceremony::initiator(c))));
    return schema::Nothing{};
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> rekey_update(const Caller& c, Session& session, const ceremony::Share& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    const auto update = TRY(named<place>(system_.seal.rekey_update(kind, TRY(ceremony::key_of(in)), in.nonce)));
    if (!update.complete) return ceremony::answer<place>(show(update.status));
    // New shares that nobody was given must not be the ones that open the seal.
    session.unless_recorded(
        [this, nonce = update.status.nonce] { return ceremony::put_back(system_.seal.rekey_revert(kind, nonce), "rekey"); });
    return ceremony::answer<place>(show_done(update));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> verify_status(const Caller& c, Session&, const schema::NoMembers&) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    return ceremony::answer<place>(show(TRY(named<place>(system_.seal.rekey_verify_status(kind)))));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> verify_update(const Caller& c, Session&, const ceremony::Share& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    const auto state = TRY(named<place>(system_.seal.rekey_verify(kind, TRY(ceremony::key_of(in)), in.nonce)));
    if (state.complete) return ceremony::answer<place>(VerifyDone{state.nonce, true});
    return ceremony::answer<place>(show(state));
  }
  template <ShareKind kind, Place place>
  Result<schema::Reply> verify_restart(const Caller& c, Session&, const ceremony::Nonce& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_rekey));
    return ceremony::answer<place>(show(TRY(named<place>(system_.seal.rekey_verify_restart(kind, in.nonce, ceremony::initiator(c))))));
  }
  template <ShareKind kind>
  Result<schema::Custom> backup(const Caller&, Session&, const schema::NoMembers&) {
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
  Result<schema::Nothing> backup_delete(const Caller&, Session&, const schema::NoMembers&) {
    CHECK_OK(system_.seal.rekey_backup_delete(kind));
    return schema::Nothing{};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_rekey_topic(System& system) { return std::make_unique<RekeyTopic>(system); }

}  // namespace coffer::core
