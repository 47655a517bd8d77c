#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/action.h"
#include "base/clock.h"
#include "base/header.h"
#include "base/path.h"
#include "schema/endpoint.h"

namespace coffer::core {

class KeySecret;  // core/access_keys/secret.h

// A request that is signed shows no token: it names an access key, which stands for one, and proves that it has the key's secret.
struct Claim {
  std::string key_id;         // as it came
  std::string session_token;  // of session credentials; "" with a key that lasts
  // Whether the signature was made with that secret. Called once, on any thread; also for unknown keys, with a secret that is nobody's.
  std::function<bool(const KeySecret&)> verify;
};
// What is wrong with a claim: types of the errors by which it is refused (Error::type).
inline constexpr const char* claim_unknown = "unknown access key";  // also one that is disabled, or whose token has ended
inline constexpr const char* claim_wrong = "wrong signature";
inline constexpr const char* claim_expired = "expired session";

// What a request of another API than Vault's brings along: the action that it names in place of a verb (schema::Endpoint::on_action).
struct ByAction {
  ActionScope scope;
  // Where the name can be read in two ways: the path in the other (Endpoint::meant); scope.suffix is "" then.
  CanonicalPath alternative;
  std::unique_ptr<const Claim> claim;  // null: `token` as usual, or nobody
  bool typed = false;                  // members of other types than the operation declares are refused, not converted
  bool takes_signed_tokens = false;    // `token` may be one that an issuer signed whom this server trusts (core/azure_apps)
};

// What a client asks, whichever API it spoke. Immutable once its door has decoded it; views live until the answer has been given.
struct Request {
  std::string id;  // a UUID
  schema::Verb verb = schema::Verb::read;
  bool help = false;           // `?help=1`
  bool preflight = false;      // a browser asks what a page of another origin may send (OPTIONS)
  CanonicalPath path;          // with the mount; lists end in '/'
  std::string_view name_space;  // as the door found it, without slashes at its ends; "" is the root namespace
  std::string_view token;      // claimed, not yet checked; "" without one
  std::string_view remote_address;
  std::uint16_t remote_port = 0;
  std::string_view client_certificate;  // DER
  std::optional<Seconds> wrap_ttl;
  std::span<const HeaderView> headers;
  std::size_t body_bytes = 0;
  std::unique_ptr<ByAction> by_action;  // null in requests of Vault's API
  // Parses body and query into one object (or null), once it is due; the error is the door's own text.
  std::function<Result<json::Document>()> parse_body;
};

struct Cors;

// How a rate quota stands after this request, where the quotas' configuration asks for it to be told.
struct RateState {
  std::uint64_t limit = 0, remaining = 0;  // requests
  Seconds reset{0};                        // until all of them are back
};

// What came of it. The door encodes it, the audit log records it.
struct Outcome {
  std::optional<Error> error;
  schema::Reply reply;
  bool repeats_data = false;  // the members of data stand at the top level too
  std::string mount_type;
  std::shared_ptr<const Cors> cors;  // set where the caller's origin may read the answer
  std::optional<RateState> rate;
};
using Respond = std::move_only_function<void(const Request&, const Outcome&)>;

[[nodiscard]] inline std::string_view action_of(const Request& request) {
  return request.by_action ? request.by_action->scope.action : std::string_view();
}

// The io thread a request came in on, as the core needs it.
class Loop {
 public:
  virtual ~Loop() = default;
  virtual void post(std::move_only_function<void()> task) = 0;            // any thread
  virtual void at_end_of_pass(std::move_only_function<void()> task) = 0;  // this io thread only
};

}  // namespace coffer::core
