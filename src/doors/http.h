#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/header.h"

// What every door sees of HTTP, whatever its API: a request that has been read, and what is to be answered.
namespace coffer::doors {

// What a door needs of an HTTP request. Views live until the answer is given.
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

}  // namespace coffer::doors
