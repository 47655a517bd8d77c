#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/request.h"
#include "doors/http.h"

// Vault's wire format (vault-api.md §2): requests below /v1/, answers in its envelope. No state, no policy, no storage.
namespace coffer::doors::vault {

using doors::HttpAnswer;
using doors::HttpRequest;

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
