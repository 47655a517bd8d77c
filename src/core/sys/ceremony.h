#pragma once
#include <string>
#include <string_view>

#include "core/envelope.h"
#include "core/sys/topics.h"

// What the ceremonies by which key holders act together have in common (vault-api.md §1.0, §2.7). Each stands at two places: Vault's, whose answers come
// without the envelope, and OpenBao's below sys/rotate/ and sys/generate-root-token/, with it.
namespace coffer::core::ceremony {

using schema::field;

// Where a ceremony stands.
enum class Place : std::uint8_t { vault, openbao };

struct Share {
  std::string key, nonce;
  static constexpr auto fields() {
    return schema::Fields{field<&Share::key>("key", "One share, hexadecimal or base64."),
                      field<&Share::nonce>("nonce", "Of the ceremony.").open()};
  }
};
struct Nonce {
  std::string nonce;
  static constexpr auto fields() { return schema::Fields{field<&Nonce::nonce>("nonce", "Of the ceremony.").open()}; }
};

template <Place place, class R>
schema::Reply answer(R value) {
  if constexpr (place == Place::vault)
    return schema::to_reply(schema::Bare<R>{std::move(value)});
  else
    return schema::to_reply(std::move(value));
}

constexpr schema::Access access(Place place) { return place == Place::vault ? schema::Access::optional : schema::Access::sudo; }

// Who began it: not the token itself. A batch token has no accessor.
[[nodiscard]] std::string_view initiator(const Caller& c);
// Ceremonies at Vault's places take no capability from a policy alone: they need sudo, or a listener opened to callers without a token.
[[nodiscard]] Result<void> permit(const Caller& c, bool open_to_all);
[[nodiscard]] Result<SecretBytes> key_of(const Share& in);
// For Session::unless_recorded: whether what nobody was told of is gone again. `what` is for the log.
[[nodiscard]] bool put_back(const Result<void>& done, std::string_view what);

}  // namespace coffer::core::ceremony
