#include "server/http/response_head.h"

#include <fmt/format.h>

#include <cstring>

#include "server/http/character_class.h"

namespace coffer::http {

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

bool may_send_header(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return false;
  switch (name.size()) {
    case 4: return !same_name(name, "date");
    case 7: return !same_name(name, "trailer") && !same_name(name, "upgrade");
    case 10: return !same_name(name, "connection") && !same_name(name, "keep-alive");
    case 14: return !same_name(name, "content-length");
    case 17: return !same_name(name, "transfer-encoding");
    default: return true;
  }
}

std::string_view DateCache::text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != second_) {
    second_ = now.tv_sec;
    std::tm utc{};
    ::gmtime_r(&second_, &utc);
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    fmt::format_to_n(text_.data(), text_.size(), "{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[utc.tm_wday % 7], utc.tm_mday, months[utc.tm_mon % 12],
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  }
  return {text_.data(), 29};
}

void append_response_head(Buffer& out, const Response& response, const HeadOptions& options, std::string_view date) {
  const auto number = [&out](std::size_t value) {
    const fmt::format_int text(value);
    out.append({text.data(), text.size()});
  };
  out.append("HTTP/1.1 ");
  number(static_cast<std::size_t>(response.status));
  out.append(" ");
  out.append(reason_phrase(response.status));
  const auto header = [&out](std::string_view name, std::string_view value) {
    out.append("\r\n");
    out.append(name);
    out.append(": ");
    out.append(value);
  };
  for (const Header& fixed : response.fixed_headers) header(fixed.name, fixed.value);
  for (const auto& [name, value] : response.headers)
    if (may_send_header(name, value)) header(name, value);
  out.append("\r\nDate: ");
  out.append(date);
  if (options.close) {
    out.append("\r\nConnection: close");
  } else if (options.say_keep_alive) {
    out.append("\r\nConnection: keep-alive");
  }
  if (options.chunked) {
    out.append("\r\nTransfer-Encoding: chunked");
  } else if (!options.until_close && may_have_body(response.status)) {
    out.append("\r\nContent-Length: ");
    number(response.body.size());
  }
  out.append("\r\n\r\n");
}

}  // namespace coffer::http
