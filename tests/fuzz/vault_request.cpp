#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "doors/vault/body.h"
#include "doors/vault/door.h"

// Requests of Vault's API: method, target, content type, headers and body, a line each, the body last. Whatever comes is a request with a
// canonical path or refused with a 4xx in the API's shape, and so is its body.
namespace {

namespace vault = coffer::doors::vault;

std::string_view line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

void check_refusal(const vault::HttpRequest& http, const vault::Refused& refused) {
  if (refused.status < 400 || refused.status > 499) std::abort();
  const auto answer = encode(http, refused);
  if (answer.status != refused.status) std::abort();
  if (http.method == "HEAD" || refused.content_type != "application/json") return;
  const auto body = coffer::json::Document::parse(answer.body);
  if (!body || !body->root().find("errors") || !body->root().find("errors")->is_array()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  vault::HttpRequest http;
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
  const auto request = vault::decode(http);
  if (!request) {
    check_refusal(http, request.error());
    return 0;
  }
  const auto path = coffer::CanonicalPath::from_decoded(request->path.view());
  if (!path || *path != request->path || request->id.size() != 36) std::abort();
  if (!request->parse_body) return 0;
  const auto document = request->parse_body();
  if (!document) {
    if (vault::status_of(document.error().code) != 400 || document.error().message.empty()) std::abort();
  } else if (!document->root().is_null() && !document->root().is_object()) {
    std::abort();
  }
  return 0;
}
