#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/header.h"
#include "base/result.h"
#include "crypto/hash.h"

// AWS Signature Version 4, the server's side (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html): pure
// functions on an HTTP request. Errors carry AWS's codes and texts.
namespace coffer::doors::aws {

// What is signed of a request, as it was received. Views live as long as the request.
struct SignedRequest {
  std::string_view method, target, body;
  std::span<const HeaderView> headers;
  std::string_view host = {};  // what stands for the host that came, where a proxy has put another in its place; "" for what came
};

// What the Authorization header, the date and the session token say. Views into the request.
struct Authorization {
  std::string_view key_id, date, region, service, terminator;  // of the credential's scope
  std::string_view signed_headers;                             // "content-type;host;x-amz-date"
  std::string_view signature;                                  // 64 hex digits
  std::string_view timestamp;                                  // "20150830T123600Z"
  Time time{};
  std::string_view session_token;  // "" with a key that lasts
};

// Nothing but syntax, and that host, date, and the target and session token that are sent are among what is signed. Signed are whole bodies: unsigned
// and chunked payloads (S3's) are refused, and so is the date in any form but ISO 8601 basic.
[[nodiscard]] Result<Authorization> read_authorization(const SignedRequest& request);

// How far a client's clock may be off.
inline constexpr Seconds clock_skew{300};
// Whether the signature is of now and for this service. The region is data: whoever knows which there are judges it.
[[nodiscard]] Result<void> check_scope(const Authorization& authorization, std::string_view service, Time now);

// `normalized`: dot segments and double slashes are resolved first, as every service but S3 has it. A path is encoded once more than it came.
void append_canonical_request(std::string& out, const SignedRequest& request, const Authorization& authorization, bool normalized = true);
[[nodiscard]] std::string string_to_sign(const Authorization& authorization, std::string_view canonical_request);

// The key that a secret, a day, a region and a service make: good for any number of requests.
[[nodiscard]] std::shared_ptr<const crypto::HmacSha256> signing_key(std::string_view secret, const Authorization& authorization);
// The signature of `to_sign`, compared in constant time.
[[nodiscard]] bool signature_fits(const crypto::HmacSha256& key, std::string_view to_sign, std::string_view signature);

// The one answer to a signature that does not fit.
[[nodiscard]] std::unexpected<Error> wrong_signature();

}  // namespace coffer::doors::aws
