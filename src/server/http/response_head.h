#pragma once
#include <array>
#include <ctime>
#include <string_view>

#include "server/http/buffer.h"
#include "server/http/http.h"

namespace coffer::http {

[[nodiscard]] std::string_view reason_phrase(int status);
// 1xx, 204 and 304 never have a body (RFC 9110 §6.4.1).
[[nodiscard]] bool may_have_body(int status);
// Whether the header may leave: a token and a value without control characters, and none of those that the server writes itself.
[[nodiscard]] bool may_send_header(std::string_view name, std::string_view value);

// The Date header's text (RFC 9110 §5.6.7), made anew each second. Per thread.
class DateCache {
 public:
  [[nodiscard]] std::string_view text();

 private:
  std::time_t second_ = -1;
  std::array<char, 32> text_{};
};

struct HeadOptions {
  bool close = false;            // Connection: close
  bool say_keep_alive = false;   // to an HTTP/1.0 client
  bool chunked = false;
  bool until_close = false;      // the body ends with the connection
};
// Appends status line and fields, with the empty line.
void append_response_head(Buffer& out, const Response& response, const HeadOptions& options, std::string_view date);

}  // namespace coffer::http
