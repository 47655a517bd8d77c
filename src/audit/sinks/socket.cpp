#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "audit/sinks/blocking.h"

namespace coffer::audit {
namespace {

struct HostAndPort {
  std::string host, port;
};

// "host:port", "[::1]:port".
std::optional<HostAndPort> split_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == address.size()) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos) return std::nullopt;
  const std::string_view port = address.substr(colon + 1);
  unsigned number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9' || number > 65535) return std::nullopt;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  if (number == 0 || number > 65535) return std::nullopt;
  return HostAndPort{host.empty() ? "127.0.0.1" : std::string(host), std::string(port)};
}

class SocketSink final : public BlockingSink {
 public:
  explicit SocketSink(SocketOptions options) : options_(std::move(options)) {}

  Outcome append(const Batch& batch, Deadline deadline, int cancel) override {
    Outcome outcome;
    for (;;) {
      const bool fresh = !fd_;
      if (fresh && !connect(deadline, cancel)) {
        outcome.problem = problem_;
        return outcome;
      }
      if (send_lines(batch, outcome.kept, deadline, cancel)) return outcome;
      fd_.reset();  // a receiver sees the torn line end with its connection
      // The other end may have closed a connection that was kept: once more on a new one, from the first line that did not go out whole.
      if (fresh || std::chrono::steady_clock::now() >= deadline) break;
    }
    outcome.problem = problem_;
    return outcome;
  }

  void reopen() override { fd_.reset(); }

 private:
  bool send_lines(const Batch& batch, std::size_t& kept, Deadline deadline, int cancel) {
    // What the other end closed would still take one write: look first.
    char nothing;
    if (options_.type != "udp" && ::recv(fd_.get(), &nothing, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
      problem_ = "the other end closed the connection";
      return false;
    }
    while (kept < batch.lines.size()) {
      const std::size_t begin = kept == 0 ? 0 : batch.lines[kept - 1].end;
      if (!send_all(std::string_view(batch.text).substr(begin, batch.lines[kept].end - begin), deadline, cancel)) return false;
      ++kept;
    }
    return true;
  }

  bool send_all(std::string_view text, Deadline deadline, int cancel) {
    while (!text.empty()) {
      const auto n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n >= 0) {
        text.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
        if (!wait_ready(fd_.get(), POLLOUT, deadline, cancel)) return failed("the receiver did not take the records before the deadline");
      } else if (errno != EINTR) {
        return failed("sending failed: " + system_error(errno));
      }
    }
    return true;
  }

  bool connect(Deadline deadline, int cancel) { return options_.type == "unix" ? connect_unix(deadline, cancel) : connect_inet(deadline, cancel); }

  bool connect_unix(Deadline deadline, int cancel) {
    const auto at = open_socket_path(options_.location);
    if (!at) return failed(at.error().message);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = "/proc/self/fd/" + std::to_string(at->get());
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    for (const int type : {SOCK_STREAM, SOCK_DGRAM})
      if (try_connect(AF_UNIX, type, reinterpret_cast<sockaddr*>(&address), sizeof address, deadline, cancel)) return true;
    return false;
  }

  bool connect_inet(Deadline deadline, int cancel) {
    const auto where = split_address(options_.address);
    if (!where) return failed("the address is not host:port");
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = options_.type == "udp" ? SOCK_DGRAM : SOCK_STREAM;
    if (const int error = ::getaddrinfo(where->host.c_str(), where->port.c_str(), &hints, &found); error != 0)
      return failed(std::string("the host name cannot be resolved: ") + ::gai_strerror(error));
    bool connected = false;
    for (const addrinfo* one = found; one != nullptr && !connected; one = one->ai_next)
      connected = try_connect(one->ai_family, one->ai_socktype, one->ai_addr, one->ai_addrlen, deadline, cancel);
    ::freeaddrinfo(found);
    return connected;
  }

  bool try_connect(int family, int type, const sockaddr* address, socklen_t size, Deadline deadline, int cancel) {
    Fd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return failed("no socket: " + system_error(errno));
    int error = ::connect(fd.get(), address, size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      if (!wait_ready(fd.get(), POLLOUT, deadline, cancel)) return failed("no connection before the deadline");
      socklen_t length = sizeof error;
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    }
    if (error != 0) return failed("connecting failed: " + system_error(error));
    fd_ = std::move(fd);
    return true;
  }

  bool failed(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  SocketOptions options_;
  Fd fd_;
  std::string problem_;
};

}  // namespace

Result<void> check_socket_options(const SocketOptions& options) {
  if (options.type != "tcp" && options.type != "udp" && options.type != "unix") return invalid("socket_type must be tcp, udp or unix");
  if (options.address.empty()) return invalid("the option address is missing; give host:port, or the path of a Unix socket");
  if (options.type != "unix" && !split_address(options.address)) return invalid("the option address must be host:port");
  return {};
}

std::unique_ptr<BlockingSink> make_socket_sink(SocketOptions options) { return std::make_unique<SocketSink>(std::move(options)); }

}  // namespace coffer::audit
