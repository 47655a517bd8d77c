#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/request.h"

// Vault's wire format (vault-api.md §2): requests below /v1/, answers in its envelope. No state, no policy, no storage.
namespace coffer::doors::vault {

// What the door needs of an HTTP request. Views live until the answer is given.
struct HttpRequest {
  std::string_view method, target, body, content_type, remote_address, client_certificate;
  std::uint16_t remote_port = 0;
  std::span<const HeaderView> headers;
};
struct HttpAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::function<bool(std::string& piece)> stream;  // schema::Raw; empty: `body` is the whole
};

// An answer that needs no core: wrong paths, methods, headers. `record` tells whether it is one the audit log must know.
struct Refused {
  int status = 400;
  Error error;
  std::string content_type = "application/json";
  std::string raw_body;  // instead of the error when not empty
};

// Reads a request. An error of the request itself is Refused; its audit record has the path as far as it is known.
[[nodiscard]] std::expected<core::Request, Refused> decode(const HttpRequest& http);
// Writes an answer.
[[nodiscard]] HttpAnswer encode(const HttpRequest& http, const core::Request& request, const core::Outcome& outcome);
[[nodiscard]] HttpAnswer encode(const HttpRequest& http, const Refused& refused);
// The one map from code to status of this door.
[[nodiscard]] int status_of(Code code);

}  // namespace coffer::doors::vault
