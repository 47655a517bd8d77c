#include "cli/client/transport.h"

#include <fmt/format.h>

#include <cctype>
#include <thread>

#include "base/encoding.h"
#include "base/secret.h"
#include "cli/flags/key_values.h"
#include "outbound/curl_library.h"

namespace coffer::cli {
namespace {

using outbound::CurlLibrary;

struct Incoming {
  HttpResponse response;
  const std::function<bool(std::string_view)>* on_data = nullptr;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& in = *static_cast<Incoming*>(user);
  const std::string_view chunk(data, size * count);
  if (in.on_data != nullptr && *in.on_data && in.response.status / 100 == 2) return (*in.on_data)(chunk) ? chunk.size() : 0;
  in.response.body.append(chunk);
  return chunk.size();
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& in = *static_cast<Incoming*>(user);
  std::string_view header(data, size * count);
  if (header.starts_with("HTTP/")) {
    in.response.headers.clear();
    const std::size_t space = header.find(' ');
    in.response.status = space == std::string_view::npos ? 0 : std::atoi(std::string(header.substr(space + 1, 3)).c_str());
    return size * count;
  }
  const std::size_t colon = header.find(':');
  if (colon == std::string_view::npos) return size * count;
  std::string_view value = header.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())) != 0) value.remove_prefix(1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0) value.remove_suffix(1);
  in.response.headers[ascii_lower(header.substr(0, colon))] = std::string(value);
  return size * count;
}

// "tcp 127.0.0.1:8200" or "unix /run/vault.sock", out of an address.
std::string host_of(const std::string& address) {
  UnixAddress local;
  if (parse_unix_address(address, local)) return "unix " + local.socket;
  const std::size_t begin = std::min(address.find("://"), address.size() - 3) + 3;
  return "tcp " + address.substr(begin, address.find('/', begin) - begin);
}

// The words that Vault's own command has for a failure that users meet often, else libcurl's.
std::string explain(const CurlLibrary& curl, CURLcode code, const char* detail, long os_error, const std::string& url) {
  const std::string_view text = detail[0] != '\0' ? std::string_view(detail) : std::string_view(curl.easy_strerror(code));
  if (code == CURLE_SSL_CONNECT_ERROR && text.find("wrong version number") != std::string_view::npos && url.starts_with("https://"))
    return "http: server gave HTTP response to HTTPS client";
  if (code == CURLE_COULDNT_CONNECT && os_error != 0) return fmt::format("dial {}: connect: {}", host_of(url), ascii_message(static_cast<int>(os_error)));
  if (code == CURLE_OPERATION_TIMEDOUT) return "context deadline exceeded (" + std::string(text) + ")";
  if (code == CURLE_PEER_FAILED_VERIFICATION) return "tls: failed to verify certificate: " + std::string(text);
  return std::string(text);
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(ConnectionOptions options) : options_(std::move(options)) {}
  ~CurlTransport() override {
    if (handle_ != nullptr) curl_->easy_cleanup(handle_);
  }
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Expected<HttpResponse> send(const HttpRequest& request) override {
    if (handle_ == nullptr) {
      const auto loaded = CurlLibrary::load();
      if (!loaded) return stop(exit_local, loaded.error().message, "install it: apt install libcurl4");
      curl_ = *loaded;
      handle_ = curl_->easy_init();
      if (handle_ == nullptr) return stop(exit_local, "libcurl cannot start");
    }
    std::chrono::milliseconds pause(1000);
    for (int attempt = 0;; ++attempt) {
      Expected<HttpResponse> response = send_once(request);
      const bool again = response && (response->status == 412 || (response->status >= 500 && response->status != 501));
      if (!again || attempt >= options_.max_retries) return response;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(1500));
    }
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    (void)curl_->easy_setopt(handle_, option, value);
  }
  void set_text(CURLoption option, const std::string& value) {
    if (!value.empty()) set(option, value.c_str());
  }

  void set_up_tls() {
    set_text(CURLOPT_CAINFO, options_.ca_cert);
    if (options_.ca_cert.empty()) set_text(CURLOPT_CAPATH, options_.ca_path);
    if (options_.ca_cert.empty() && !options_.ca_cert_bytes.empty()) {
      curl_blob blob{options_.ca_cert_bytes.data(), options_.ca_cert_bytes.size(), CURL_BLOB_NOCOPY};
      set(CURLOPT_CAINFO_BLOB, &blob);
    }
    set_text(CURLOPT_SSLCERT, options_.client_cert);
    set_text(CURLOPT_SSLKEY, options_.client_key);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (options_.skip_verify) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
  }

  // The name that TLS must prove differs from the address: the request is made for that name and sent to the address.
  std::string url_for_server_name(std::string base, curl_slist*& connect_to) const {
    if (options_.tls_server_name.empty() || !base.starts_with("https://")) return base;
    const std::size_t begin = 8;
    const std::size_t end = std::min(base.find('/', begin), base.size());
    const std::string host_port = base.substr(begin, end - begin);
    const std::size_t colon = host_port.rfind(':');
    const bool has_port = colon != std::string::npos && host_port.find(']', colon) == std::string::npos;
    const std::string port = has_port ? host_port.substr(colon + 1) : "443";
    const std::string host = has_port ? host_port.substr(0, colon) : host_port;
    connect_to = curl_->slist_append(connect_to, fmt::format("{}:{}:{}:{}", options_.tls_server_name, port, host, port).c_str());
    return fmt::format("https://{}:{}{}", options_.tls_server_name, port, base.substr(end));
  }

  Expected<HttpResponse> send_once(const HttpRequest& request) {
    curl_->easy_reset(handle_);
    Incoming in;
    in.on_data = &request.on_data;
    curl_slist* headers = nullptr;
    curl_slist* connect_to = nullptr;
    char detail[CURL_ERROR_SIZE] = "";
    UnixAddress local;
    std::string base = options_.address;
    if (parse_unix_address(options_.address, local)) {
      set_text(CURLOPT_UNIX_SOCKET_PATH, local.socket);
      base = local.base_url;
    }
    while (base.ends_with('/')) base.pop_back();
    const std::string url = url_for_server_name(base, connect_to) + request.target;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(detail));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.on_data ? 0 : options_.timeout.count()));
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, &in);
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, &in);
    set_text(CURLOPT_PROXY, options_.proxy);
    if (options_.follow_redirect) {
      set(CURLOPT_FOLLOWLOCATION, 1L);
      set(CURLOPT_MAXREDIRS, 1L);
      set(CURLOPT_REDIR_PROTOCOLS_STR, base.starts_with("https://") ? "https" : "http,https");
    }
    set_up_tls();
    for (const auto& [name, value] : request.headers)
      headers = curl_->slist_append(headers, (name + (value.empty() ? ";" : ": " + value)).c_str());
    headers = curl_->slist_append(headers, "Expect:");
    if (!request.body.empty()) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    set(CURLOPT_HTTPHEADER, headers);
    if (connect_to != nullptr) set(CURLOPT_CONNECT_TO, connect_to);
    const CURLcode code = curl_->easy_perform(handle_);
    wipe_headers(headers);
    curl_->slist_free_all(connect_to);
    if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && request.on_data)) {
      long os_error = 0;
      (void)curl_->easy_getinfo(handle_, CURLINFO_OS_ERRNO, &os_error);
      std::string why = explain(*curl_, code, detail, os_error, options_.address);
      std::string next = why.starts_with("http: server gave HTTP")
                             ? "the server speaks plain HTTP: set VAULT_ADDR (or -address) to http://..."
                             : "is the server running, and is the address right? See -address and VAULT_ADDR";
      const std::string shown = base + request.target;
      return stop(exit_server, fmt::format("{} \"{}\": {}", verb_name(request.method), shown, why), std::move(next));
    }
    return std::move(in.response);
  }

  static std::string verb_name(const std::string& method) {
    std::string name = ascii_lower(method);
    if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
  }

  // One of them holds the token.
  void wipe_headers(curl_slist* headers) const {
    for (curl_slist* item = headers; item != nullptr; item = item->next) wipe(item->data, std::strlen(item->data));
    curl_->slist_free_all(headers);
  }

  ConnectionOptions options_;
  const CurlLibrary* curl_ = nullptr;
  CURL* handle_ = nullptr;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(ConnectionOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

bool parse_unix_address(std::string_view address, UnixAddress& out) {
  if (!address.starts_with("unix://")) return false;
  out.socket = std::string(address.substr(7));
  out.base_url = "http://localhost";
  return true;
}

std::string percent_encode(std::string_view text, bool keep_slashes) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || c == '-' || c == '_' ||
                       c == '.' || c == '~' || (keep_slashes && (c == '/' || c == ':' || c == '@' || c == '+' || c == ',' || c == '='));
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  return out;
}

}  // namespace coffer::cli
