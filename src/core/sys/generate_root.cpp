#include "core/revoke.h"
#include "core/sys/ceremony.h"
#include "core/sys/mount_rows.h"

// A new root token, made by those who hold the shares (vault-api.md §2.7).
namespace coffer::core {
namespace {

using ceremony::Place;
using schema::field;
using schema::Verb;

struct StartRoot {
  std::string otp, pgp_key;
  static constexpr auto fields() {
    return schema::Fields{field<&StartRoot::otp>("otp", "One-time pad for the token; one is made when absent."),
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
    return schema::Fields{field<&T::nonce>("nonce", "Of the ceremony.").open(),
                      field<&T::started>("started", "Whether one runs.").open(),
                      field<&T::progress>("progress", "Shares given so far.").open(),
                      field<&T::required>("required", "Shares needed.").open(),
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
    return schema::Fields{field<&EncodedToken::encoded_token>("encoded_token", "The answer's encoded token."),
                      field<&EncodedToken::otp>("otp", "The pad.")};
  }
};
struct DecodedToken {
  SecretBytes token;
  static constexpr auto fields() { return schema::Fields{field<&DecodedToken::token>("token", "The root token.")}; }
};

RootProgress show(const barrier::RootGeneration& g) {
  return {g.nonce,         g.started,       g.progress,        g.required, g.complete,
          g.encoded_token, g.encoded_token, g.pgp_fingerprint, g.otp,      RootProgress{}.otp_length};
}

class GenerateRootTopic final : public Topic {
 public:
  explicit GenerateRootTopic(System& system) : system_(system) {}
  std::vector<schema::Endpoint> endpoints() override {
    std::vector<schema::Endpoint> out;
    add<Place::vault>(out, "generate-root/attempt", "generate-root/update");
    add<Place::openbao>(out, "generate-root-token/attempt", "generate-root-token/update");
    out.push_back(
        schema::at("decode-token", "The token inside an encoded one.").on(Verb::write, this, &T::decode, "Removes the one-time pad."));
    return out;
  }

 private:
  using T = GenerateRootTopic;

  template <Place place>
  void add(std::vector<schema::Endpoint>& out, std::string_view attempt, std::string_view update) {
    out.push_back(schema::at(attempt, "A new root token: the start of the ceremony.")
                      .on(Verb::read, this, &T::root_status<place>, "How far it is.", ceremony::access(place))
                      .template replies<RootProgress>()
                      .on(Verb::write, this, &T::root_start<place>, "Starts it.", ceremony::access(place))
                      .template replies<RootProgress>()
                      .on(Verb::remove, this, &T::root_cancel<place>, "Gives it up.", ceremony::access(place)));
    out.push_back(
        schema::at(update, "A new root token: the shares.")
            .on(Verb::write, this, &T::root_update<place>, "Takes one share; the last one makes the token.", ceremony::access(place))
            .template replies<RootProgress>());
  }

  template <Place place>
  Result<schema::Reply> root_status(const Caller& c, Session&, const schema::NoMembers&) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_generate_root));
    return ceremony::answer<place>(show(TRY(system_.seal.generate_root_status())));
  }
  template <Place place>
  Result<schema::Reply> root_start(const Caller& c, Session& session, const StartRoot& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_generate_root));
    const auto status = TRY(system_.seal.generate_root_init(in.otp, in.pgp_key, ceremony::initiator(c)));
    session.unless_recorded([this, nonce = status.nonce, by = std::string(ceremony::initiator(c))] {
      return ceremony::put_back(system_.seal.generate_root_cancel(nonce, by), "root generation");
    });
    return ceremony::answer<place>(show(status));
  }
  template <Place place>
  Result<schema::Nothing> root_cancel(const Caller& c, Session&, const ceremony::Nonce& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_generate_root));
    CHECK_OK(system_.seal.generate_root_cancel(in.nonce, ceremony::initiator(c)));
    return schema::Nothing{};
  }
  template <Place place>
  Result<schema::Reply> root_update(const Caller& c, Session& session, const ceremony::Share& in) {
    CHECK_OK(ceremony::permit(c, system_.config.unauthenticated_generate_root));
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
      session.unless_recorded([runtime, id = runtime->keys().id_of(token.reveal_text())] {
        return ceremony::put_back(revoke_tree(*runtime, id), "root generation");
      });
      return token;
    };
    return ceremony::answer<place>(show(TRY(system_.seal.generate_root_update(TRY(ceremony::key_of(in)), in.nonce, make))));
  }
  Result<DecodedToken> decode(const Caller&, const Snapshot&, const EncodedToken& in) {
    return DecodedToken{TRY(barrier::decode_root_token(in.encoded_token, in.otp))};
  }

  System& system_;
};

}  // namespace

std::unique_ptr<Topic> make_generate_root_topic(System& system) { return std::make_unique<GenerateRootTopic>(system); }

}  // namespace coffer::core
