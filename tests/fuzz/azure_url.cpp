#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "doors/azure/door.h"

// Requests of Azure's clients: method, host, target, content, a line each, the content last. What is claimed is a request with a canonical path, or refused
// with a 4xx whose body is JSON; what hosts and URLs put into answers cannot break out of them. A body that is taken says of what the URL says nothing else.
namespace {

namespace azure = coffer::doors::azure;

std::string_view line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

azure::Settings settings() {
  azure::Settings out;
  out.suffix = "vault.test";
  out.vaults["team"] = {"secret/", "team/"};
  out.hosts["kv.example.com"] = "prod";
  return out;
}

void check_text(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\') std::abort();
}

// Errors are answered; texts are what they are declared to be.
void check_body(const azure::Door& door, const azure::HttpRequest& http, const azure::Context& context,
                const coffer::core::Request& request) {
  const auto document = request.parse_body();
  if (!document) {
    const auto answer = door.encode(http, context, document.error(), "id");
    if (answer.status < 400 || answer.status > 499 || !coffer::json::Document::parse(answer.body)) std::abort();
    return;
  }
  if (!document->root().is_object()) std::abort();
  for (const auto& [name, value] : document->root().members()) {
    if (name == "path") std::abort();
    const bool text = name != "tags" && name != "attributes";
    if (text && !value.is_string() && !value.is_null()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static coffer::ManualClock clock;
  static const azure::Door door(settings(), clock);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  azure::HttpRequest http;
  http.method = line(rest);
  const std::string_view host = line(rest);
  http.target = line(rest);
  http.body = rest;
  const std::vector<coffer::HeaderView> headers{{"Host", host}, {"Authorization", "Bearer t"}, {"Metadata", "true"}, {"X-IDENTITY-HEADER", "a:b"}};
  http.headers = headers;
  azure::Context context;
  if (!door.claims(http, context)) return 0;
  for (const std::string& text : {context.vault, context.host.whole()}) check_text(text);
  if (context.purpose == azure::Purpose::document && !coffer::json::Document::parse(context.body)) std::abort();
  const auto request = door.decode(http, context);
  if (request) {
    if (!coffer::CanonicalPath::from_decoded(request->path.view())) std::abort();
    if (request->parse_body) check_body(door, http, context, *request);
    return 0;
  }
  const auto answer = door.encode(http, context, request.error(), "id");
  if (answer.status < 400 || answer.status > 499 || !coffer::json::Document::parse(answer.body)) std::abort();
  return 0;
}
