#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "core/access_keys/secret.h"
#include "doors/aws/door.h"
#include "doors/aws/sigv4.h"

// Requests of AWS's API: method, target, content type, headers and body, a line each, the body last. Whatever is claimed is a request with a canonical path
// or refused with a 4xx that names its error; a signature is checked to its end, and never fits.
namespace {

namespace aws = coffer::doors::aws;

std::string_view line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

void check_refusal(const aws::Door& door, const aws::Refused& refused) {
  const auto answer = door.encode(refused);
  if (answer.status < 400 || answer.status > 499 || answer.body.empty()) std::abort();
  if (refused.protocol == aws::Protocol::query) return;
  const auto body = coffer::json::Document::parse(answer.body);
  if (!body || !body->root().is_object()) std::abort();
}

// The canonical form of anything is one text that ends in the digest of the body.
void check_signature(const aws::HttpRequest& http) {
  const aws::SignedRequest request{http.method, http.target, http.body, http.headers};
  const auto authorization = aws::read_authorization(request);
  if (!authorization) return;
  for (const bool normalized : {true, false}) {
    std::string canonical;
    aws::append_canonical_request(canonical, request, *authorization, normalized);
    if (canonical.size() < 64 || !canonical.starts_with(http.method)) std::abort();
    if (aws::signature_fits(*aws::signing_key("secret", *authorization), aws::string_to_sign(*authorization, canonical),
                            authorization->signature))
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  aws::HttpRequest http;
  http.method = line(rest);
  http.target = line(rest);
  http.content_type = line(rest);
  std::vector<coffer::HeaderView> headers;
  for (std::string_view field = line(rest); !field.empty(); field = line(rest)) {
    const std::size_t colon = std::min(field.find(':'), field.size());
    headers.push_back({field.substr(0, colon), field.substr(std::min(colon + 1, field.size()))});
  }
  http.headers = headers;
  http.body = rest;
  check_signature(http);
  // The day of the seeds' signatures.
  static coffer::ManualClock clock(coffer::Time(coffer::Seconds(1'795'849'200)));
  aws::Settings settings;
  settings.path_prefix = "/aws";
  const aws::Door door(std::move(settings), clock);
  if (!door.claims(http)) return 0;
  const auto request = door.decode(http);
  if (!request) {
    check_refusal(door, request.error());
    return 0;
  }
  const auto path = coffer::CanonicalPath::from_decoded(request->path.view());
  if (!path || *path != request->path || !request->by_action || request->by_action->scope.action.empty()) std::abort();
  if (const auto& claim = request->by_action->claim;
      claim && claim->verify(coffer::core::KeySecret(coffer::SecretBytes::copy_of("secret"))))
    std::abort();
  if (request->parse_body && !request->parse_body()->root().is_object()) std::abort();
  return 0;
}
