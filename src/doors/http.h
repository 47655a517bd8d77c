#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/header.h"
#include "base/random.h"
#include "core/request.h"

// What every door sees of HTTP, whatever its API: a request that has been read, and what is to be answered.
namespace coffer::doors {

// What a door needs of an HTTP request. Views live until the answer is given.
struct HttpRequest {
  std::string_view method, target, body, content_type, remote_address, client_certificate;
  std::uint16_t remote_port = 0;
  std::span<const HeaderView> headers;
  bool tls = false;
};
struct HttpAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::span<const HeaderView> fixed_headers;  // more of them, which live for ever
  std::string body;
  std::function<bool(std::string& piece)> stream;  // schema::Raw; empty: `body` is the whole
};

// What every request is before its door has read more of it than that.
[[nodiscard]] inline core::Request begin(const HttpRequest& http, schema::Verb verb) {
  core::Request out;
  append_request_id(out.id);
  out.verb = verb;
  out.remote_address = http.remote_address;
  out.remote_port = http.remote_port;
  out.client_certificate = http.client_certificate;
  out.headers = http.headers;
  out.body_bytes = http.body.size();
  return out;
}

// Takes a query or a form apart: calls visit(name, value) for each parameter, both as they came, and ends with its first error.
template <class Visit>
[[nodiscard]] Result<void> each_parameter(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const std::size_t equal = std::min(part.find('='), part.size());
    CHECK_OK(visit(part.substr(0, equal), part.substr(std::min(equal + 1, part.size()))));
  }
  return {};
}

}  // namespace coffer::doors
