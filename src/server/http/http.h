#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/header.h"
#include "base/result.h"

// HTTP/1.1 and HTTP/2 over TLS, plain TCP or a Unix-domain socket (design.md §3a). Knows no Vault, no policy, no storage.
namespace coffer::http {

using Header = HeaderView;

// One request, complete: limits and deadlines have been held. Views point into the connection's buffer and stay valid until the
// Responder has been called.
struct Request {
  std::string_view method, target;  // target as it came: still encoded, with its query
  std::vector<Header> headers;      // in order, repeated ones kept; names as they came (compare without case)
  std::string_view body;
  std::string_view remote_address;  // "127.0.0.1", "::1", or "" on a Unix socket
  std::uint16_t remote_port = 0;
  bool tls = false;
  std::string_view server_name;         // SNI, or ""
  std::string_view client_certificate;  // DER, or "": requested, never required, not verified here
  std::size_t listener = 0;             // index into Options.listeners
  // First value of that header, without case; "" when absent. `count` where a second one matters.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length, Date and Connection are the server's
  std::span<const Header> fixed_headers;                     // more of them that live for ever and are known to be well formed
  std::string body;                                          // wiped once sent
  // A body that comes in pieces (sys/monitor): called on a worker until it returns false; empty: `body` is the whole.
  std::move_only_function<bool(std::string& chunk)> stream;
};
using Responder = std::move_only_function<void(Response)>;

// The io thread that a request came in on. All calls from any thread.
class Loop {
 public:
  virtual ~Loop() = default;
  virtual void post(std::move_only_function<void()> task) = 0;  // runs on this io thread, soon
  // Runs once on this io thread when all that was ready in this pass of the loop has been handled (audit and replies of one pass leave
  // together). Only from this io thread.
  virtual void at_end_of_pass(std::move_only_function<void()> task) = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Called on `loop`'s thread. The request stays valid until `respond` is called, which may happen on any thread, once.
  virtual void handle(const Request& request, Loop& loop, Responder respond) = 0;
  // What to answer, in the door's own shape, where `handle` does not: to a request that never became one (bad chunking, too large, too
  // slow), which is audited here; or in place of the answer to one that `handle` got, and so has its records (`recorded`).
  virtual Response refuse(int status, std::string_view reason, const Request& partial, bool recorded) = 0;
};

struct TlsOptions {
  std::string certificate_file, key_file;
  std::vector<std::pair<std::string, std::string>> more_certificates;  // certificate and key files of another kind: RSA beside ECDSA
  std::string min_version = "tls12", max_version = "tls13";
  std::string cipher_suites;               // empty: AEAD with ECDHE only
  bool request_client_certificate = true;  // asked for, not required, not verified here
  bool require_and_verify_client_certificate = false;
  std::string client_ca_file;
};
struct Limits {
  Seconds handshake_timeout{10}, header_timeout{10}, read_timeout{30}, write_timeout{120}, idle_timeout{300}, request_timeout{90};
  std::size_t header_bytes = 64 << 10, header_count = 100, target_bytes = 16 << 10;
  std::size_t body_bytes = 32 << 20;
  std::size_t minimum_rate = 8 << 10;           // bytes a second, of bodies and replies, in each span of read_timeout and write_timeout
  // Of the whole server: only those of Options.limits count.
  std::size_t bodies_in_flight_bytes = 64 << 20;  // all connections together; beyond it 503 with Retry-After
  std::size_t connections = 20'000, connections_per_address = 4096;
};
struct Listener {
  std::string address;  // "127.0.0.1:8200", "[::1]:8200", or "unix:/run/coffer.sock"
  bool tls = true;
  TlsOptions tls_options;
  unsigned unix_mode = 0600;
  std::string unix_user, unix_group;  // names or numbers of the socket's owner; "": the process's
  // Whose PROXY protocol header (v1 or v2) says where a connection comes from: nobody's, anyone's, or that of listed proxies. Others'
  // headers are read and mean nothing (`listed`), or their connections are closed at once (`only_listed`).
  enum class ProxyHeaders : std::uint8_t { off, anyone, listed, only_listed };
  ProxyHeaders proxy_headers = ProxyHeaders::off;
  std::vector<std::string> proxies;  // addresses or networks ("10.0.0.0/8")
  std::optional<Limits> limits;      // else Options.limits
};

struct Options {
  std::vector<Listener> listeners;
  Limits limits;
  unsigned io_threads = 0;  // 0: one per core that the process may use
};

class Server {
 public:
  // Binds and loads certificates; errors name the listener, the file and the mend.
  static Result<std::unique_ptr<Server>> start(Options options, Handler& handler);
  virtual ~Server() = default;
  [[nodiscard]] virtual std::vector<std::string> addresses() const = 0;  // as bound, ports resolved
  // New certificates for new connections; on an error the old ones stay and the error says why.
  [[nodiscard]] virtual Result<void> reload() = 0;
  // Stops accepting, lets running requests end, at most `grace`, then closes. Blocks.
  virtual void drain(Seconds grace) = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
};

}  // namespace coffer::http
