#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/failure.h"

namespace coffer::cli {

// How to reach the server. Empty texts mean: libcurl's default.
struct ConnectionOptions {
  std::string address = "https://127.0.0.1:8200";  // https://, http:// or unix://<path of a socket>
  std::string ca_cert, ca_path;                    // PEM file, folder of PEM files
  std::string ca_cert_bytes;                       // PEM text, instead of a file
  std::string client_cert, client_key;
  std::string tls_server_name;
  std::string proxy;
  bool skip_verify = false;
  bool follow_redirect = true;               // one, never from https to http
  std::chrono::milliseconds timeout{60'000};  // of one request; 0: none
  int max_retries = 0;                        // after 412 and 5xx except 501
};

struct HttpRequest {
  std::string method;  // GET, PUT, POST, DELETE, PATCH, LIST
  std::string target;  // "/v1/sys/health?x=y", already encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // When set, the body of a 2xx answer goes there as it comes, and is not kept; false ends the transfer.
  std::function<bool(std::string_view)> on_data = {};
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
};

// What speaks HTTP: a seam, so that commands can be tested without a network. One thread uses it.
class Transport {
 public:
  virtual ~Transport() = default;
  // An error is one of the connection; its text has no trailing newline. An HTTP error status is a response.
  [[nodiscard]] virtual Expected<HttpResponse> send(const HttpRequest& request) = 0;
};

// Speaks through libcurl, keeping the connection open between requests.
[[nodiscard]] std::unique_ptr<Transport> make_curl_transport(ConnectionOptions options);

// Splits unix:// addresses: the socket's path, and the base URL that requests then name. Nothing for other addresses.
struct UnixAddress {
  std::string socket;
  std::string base_url;
};
[[nodiscard]] bool parse_unix_address(std::string_view address, UnixAddress& out);
// `text` with everything percent-encoded that a path segment or query value may not hold; '/' stays when `keep_slashes`.
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slashes);

}  // namespace coffer::cli
