#include "outbound/dialer.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "base/log.h"
#include "base/secret.h"
#include "outbound/addresses.h"
#include "outbound/curl_library.h"

namespace coffer::outbound {
namespace {

constexpr std::size_t largest_head = 64 << 10;  // bytes of all headers

struct Exchange {
  const Request* request = nullptr;
  Response response;
  std::size_t head = 0;
  bool too_large = false, forbidden = false, given_up = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& x = *static_cast<Exchange*>(user);
  if (x.response.body.size() + size * count > x.request->largest_answer) {
    x.too_large = true;
    return 0;
  }
  x.response.body.append(data, size * count);
  return size * count;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& x = *static_cast<Exchange*>(user);
  const std::string_view line(data, size * count);
  x.head += line.size();
  if (x.head > largest_head) {
    x.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) x.response.headers.clear();
  if (const std::size_t colon = line.find(':'); colon != line.npos)
    x.response.headers.emplace_back(ascii_lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return size * count;
}

// Called with each address that a name resolved to, so that a name cannot lead where an address may not.
curl_socket_t open_socket(void* user, curlsocktype, struct curl_sockaddr* to) {
  auto& x = *static_cast<Exchange*>(user);
  if (is_forbidden(to->addr)) {
    x.forbidden = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

int watch(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& x = *static_cast<Exchange*>(user);
  x.given_up = x.request->given_up && x.request->given_up();
  return x.given_up ? 1 : 0;
}

// A transfer with what belongs to it.
class Transfer {
 public:
  explicit Transfer(const CurlLibrary& curl) : curl_(curl), handle_(curl.easy_init()) {}
  ~Transfer() {
    for (curl_slist* item = headers_; item != nullptr; item = item->next) wipe(item->data, std::strlen(item->data));
    curl_.slist_free_all(headers_);
    if (handle_ != nullptr) curl_.easy_cleanup(handle_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  [[nodiscard]] bool ready() const { return handle_ != nullptr; }

  CURLcode run(Exchange& x) {
    const Request& request = *x.request;
    limit(request);
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
    if (!request.ca_file.empty()) set(CURLOPT_CAINFO, request.ca_file.c_str());
    for (const auto& [name, value] : request.headers) headers_ = curl_.slist_append(headers_, (name + ": " + value).c_str());
    headers_ = curl_.slist_append(headers_, "Expect:");
    set(CURLOPT_HTTPHEADER, headers_);
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, &x);
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, &x);
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_OPENSOCKETDATA, &x);
    set(CURLOPT_XFERINFOFUNCTION, &watch);
    set(CURLOPT_XFERINFODATA, &x);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(detail_));
    const CURLcode code = curl_.easy_perform(handle_);
    long status = 0;
    (void)curl_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    x.response.status = static_cast<int>(status);
    return code;
  }
  [[nodiscard]] const char* detail() const { return detail_; }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    (void)curl_.easy_setopt(handle_, option, value);
  }
  // The policy of all requests.
  void limit(const Request& request) {
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(request.timeout, request.connect_timeout).count()));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  }

  const CurlLibrary& curl_;
  CURL* handle_;
  curl_slist* headers_ = nullptr;
  char detail_[CURL_ERROR_SIZE] = "";
};

// Without addresses, which libcurl's own detail has; that goes to the log alone.
std::unexpected<Error> failure(const Exchange& x, CURLcode code, const char* text) {
  if (x.given_up) return fail(Code::conflict, "the call was given up: the server is being sealed or stopped");
  if (x.too_large) return fail(Code::too_large, "the answer is too large");
  if (x.forbidden) return fail(Code::unavailable, "the endpoint leads to an address that requests may not go to");
  if (code == CURLE_OPERATION_TIMEDOUT) return fail(Code::unavailable, "no answer came in time");
  if (code == CURLE_PEER_FAILED_VERIFICATION) return fail(Code::unavailable, "the endpoint's certificate is not trusted");
  return fail(Code::unavailable, std::string("the call failed: ") + text);
}

}  // namespace

std::string_view Response::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Result<Response> post(const Request& request) {
  const CurlLibrary& curl = *TRY(CurlLibrary::load());
  Transfer transfer(curl);
  if (!transfer.ready()) return fail(Code::unavailable, "libcurl cannot start");
  Exchange x;
  x.request = &request;
  const CURLcode code = transfer.run(x);
  if (code == CURLE_OK) return std::move(x.response);
  log::debug("a request of the server's own failed: {}", transfer.detail());
  return failure(x, code, curl.easy_strerror(code));
}

Result<Url> parse_url(std::string_view text) {
  const auto none = [] { return invalid("it is no http or https URL of a host"); };
  Url out;
  out.tls = text.starts_with("https://");
  if (!out.tls && !text.starts_with("http://")) return none();
  text.remove_prefix(out.tls ? 8 : 7);
  const auto fits = [](char c) { return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f; };
  if (!std::ranges::all_of(text, fits) || text.find_first_of("?#@\\\"<>") != text.npos) return none();
  const std::size_t slash = std::min(text.find('/'), text.size());
  out.authority = text.substr(0, slash);
  out.path = text.substr(slash);
  while (out.path.ends_with('/')) out.path.pop_back();
  if (out.authority.empty() || out.authority.front() == ':') return none();
  return out;
}

}  // namespace coffer::outbound
