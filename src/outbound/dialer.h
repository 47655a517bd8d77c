#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// The one place from which the server makes HTTP requests of its own, with one policy for all of them: http and https only, no redirect is followed, no proxy of
// the environment is used, addresses that no server should ever ask are refused after their name was resolved (outbound/addresses.h), time and size of
// the answer are bounded, certificates are checked.
namespace coffer::outbound {

struct Request {
  std::string url;  // as configured: never a client's
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;  // sent by POST
  std::string ca_file;    // PEM; "" for the system's
  std::chrono::milliseconds timeout{30'000}, connect_timeout{5'000};
  std::size_t largest_answer = 256 << 10;  // bytes
  std::function<bool()> given_up = {};     // asked about each second; true ends the request
};

struct Response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

// Sends it and waits for the answer. Safe from any thread; blocks it. Errors tell what went wrong without addresses: Code::unavailable, with
// Code::too_large for an answer over the limit and Code::conflict where it was given up.
[[nodiscard]] Result<Response> post(const Request& request);

// "https://host:port/path" taken apart; nothing when it is no URL that a request may go to (another scheme, a user, a query, a fragment, blanks).
struct Url {
  bool tls = false;
  std::string authority, path;  // "host:8443"; "" or "/path" without a slash at its end
};
[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace coffer::outbound
