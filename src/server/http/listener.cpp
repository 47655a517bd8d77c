#include "server/http/listener.h"

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <optional>

#include "base/log.h"

namespace coffer::http {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_at_once = 64;
constexpr std::chrono::milliseconds rest_time{200};

std::unexpected<Error> cannot(std::string_view address, std::string_view what, int error, std::string_view mend) {
  return fail(Code::unavailable, fmt::format("listener {}: {}: {}; {}", address, what, std::strerror(error), mend));
}

bool split_host_port(std::string_view address, std::string& host, std::string& port) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == address.size()) return false;
  port = address.substr(colon + 1);
  std::string_view name = address.substr(0, colon);
  if (name.size() >= 2 && name.front() == '[' && name.back() == ']') {
    name = name.substr(1, name.size() - 2);
  } else if (name.find(':') != std::string_view::npos) {
    return false;  // an IPv6 address without brackets
  }
  host = name;
  return true;
}

std::string bound_address(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  char text[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, text, sizeof text, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", text, port) : fmt::format("{}:{}", text, port);
}

int tcp_socket(int family) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1, off = 0;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);  // accepted sockets inherit these
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  return descriptor;
}

// The number of a user or group given by name or number; nothing when there is none.
template <class Entry>
std::optional<unsigned> number_of(const std::string& text, Entry* (*find)(const char*), unsigned Entry::* number) {
  if (text.find_first_not_of("0123456789") == text.npos && text.size() < 10) return static_cast<unsigned>(std::stoul(text));
  const Entry* entry = find(text.c_str());
  return entry ? std::optional(entry->*number) : std::nullopt;
}

Result<void> give_away(const Listener& listener, const std::string& path) {
  const auto user = listener.unix_user.empty() ? std::optional(static_cast<unsigned>(-1)) : number_of(listener.unix_user, ::getpwnam, &passwd::pw_uid);
  if (!user) return invalid(fmt::format("listener {}: socket_user: there is no user {}; name one of this machine", listener.address, listener.unix_user));
  const auto group = listener.unix_group.empty() ? std::optional(static_cast<unsigned>(-1)) : number_of(listener.unix_group, ::getgrnam, &group::gr_gid);
  if (!group) return invalid(fmt::format("listener {}: socket_group: there is no group {}; name one of this machine", listener.address, listener.unix_group));
  if (listener.unix_user.empty() && listener.unix_group.empty()) return {};
  if (::chown(path.c_str(), *user, *group) != 0) return cannot(listener.address, "cannot set the owner", errno, "start as root, or leave out socket_user and socket_group");
  return {};
}

}  // namespace

Result<ListeningSockets> ListeningSockets::open(const Listener& listener, unsigned io_threads) {
  return listener.address.starts_with("unix:") ? open_unix(listener) : open_tcp(listener, io_threads);
}

// The first socket is bound without SO_REUSEPORT, so that a second server on the same port fails instead of sharing its clients; the
// others join it afterwards.
Result<ListeningSockets> ListeningSockets::open_tcp(const Listener& listener, unsigned io_threads) {
  std::string host, port;
  if (!split_host_port(listener.address, host, port)) {
    return invalid(fmt::format("listener {}: not an address; write host:port, [ipv6]:port or unix:/path", listener.address));
  }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return invalid(fmt::format("listener {}: {}; give an address of this machine", listener.address, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  ListeningSockets sockets;
  sockaddr_storage address{};
  socklen_t size = found->ai_addrlen;
  std::memcpy(&address, found->ai_addr, size);
  for (unsigned i = 0; i < io_threads; ++i) {
    const int descriptor = tcp_socket(found->ai_family);
    if (descriptor < 0) return cannot(listener.address, "no socket", errno, "raise the limit on open files");
    sockets.descriptors_.push_back(descriptor);
    const int on = 1;
    if (i > 0) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      return cannot(listener.address, "cannot bind", errno, errno == EADDRINUSE ? "another program listens there: stop it or choose another port" : "choose an address of this machine and a port from 1024 on");
    }
    if (i > 0) continue;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);  // port 0 is now a port
  }
  for (const int descriptor : sockets.descriptors_) {
    if (::listen(descriptor, backlog) != 0) return cannot(listener.address, "cannot listen", errno, "stop what listens there or choose another port");
  }
  sockets.address_ = bound_address(sockets.descriptors_.front());
  return sockets;
}

Result<ListeningSockets> ListeningSockets::open_unix(const Listener& listener) {
  const std::string path = listener.address.substr(5);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return invalid(fmt::format("listener {}: a socket's path has 1 to {} bytes", listener.address, sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return invalid(fmt::format("listener {}: there is a file of another kind; remove it or choose another path", listener.address));
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int refused = probe >= 0 && ::connect(probe, generic, sizeof address) != 0 ? errno : 0;
    if (probe >= 0) ::close(probe);
    if (refused != ECONNREFUSED) return invalid(fmt::format("listener {}: another program listens there: stop it or choose another path", listener.address));
    ::unlink(path.c_str());  // left behind by a server that is gone
  }
  ListeningSockets sockets;
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return cannot(listener.address, "no socket", errno, "raise the limit on open files");
  sockets.descriptors_.push_back(descriptor);
  if (::bind(descriptor, generic, sizeof address) != 0) return cannot(listener.address, "cannot bind", errno, "make its folder, writable for the server");
  sockets.unix_path_ = path;
  // Nobody can connect before listen(), so the mode is in force in time.
  if (::chmod(path.c_str(), listener.unix_mode & 0777) != 0) return cannot(listener.address, "cannot set the mode", errno, "make its folder writable for the server");
  CHECK_OK(give_away(listener, path));
  if (::listen(descriptor, backlog) != 0) return cannot(listener.address, "cannot listen", errno, "choose another path");
  sockets.address_ = listener.address;
  return sockets;
}

void ListeningSockets::close() {
  for (const int descriptor : descriptors_) ::close(descriptor);
  descriptors_.clear();
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
  unix_path_.clear();
}

Acceptor::Acceptor(IoContext& io, int descriptor, std::size_t listener)
    : io_(io), descriptor_(descriptor), listener_(listener), reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

Acceptor::~Acceptor() {
  if (reserve_ >= 0) ::close(reserve_);
}

void Acceptor::on_ready(std::uint32_t) {
  for (int i = 0; i < accepts_at_once && accept_one(); ++i) {
  }
}

bool Acceptor::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int descriptor = ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) rest();
    return errno == EINTR || errno == ECONNABORTED;
  }
  PeerAddress peer = PeerAddress::from(address);
  if (!io_.server.admission.enter(peer.group)) {
    ::close(descriptor);
    return true;
  }
  auto connection = std::make_unique<Connection>(io_, descriptor, std::move(peer), listener_);
  if (connection->watch()) serve(std::move(connection));
  return true;
}

void Acceptor::rest() {
  log::warn("no file descriptors left: new connections are turned away for a moment; raise the limit on open files (LimitNOFILE)");
  if (reserve_ >= 0) {
    ::close(reserve_);
    const int turned_away = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    if (turned_away >= 0) ::close(turned_away);
    reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  io_.reactor.remove(descriptor_, *this);
  io_.reactor.timers().set(*this, io_.reactor.now() + rest_time);
  errno = EMFILE;
}

void Acceptor::on_timer() {
  if (!stopped_ && !start()) io_.reactor.timers().set(*this, io_.reactor.now() + rest_time);
}

void Acceptor::stop() {
  if (stopped_) return;
  stopped_ = true;
  TimerWheel::cancel(*this);
  io_.reactor.remove(descriptor_, *this);
  while (accept_one()) {
  }
  TimerWheel::cancel(*this);  // which running out of descriptors may have set
}

}  // namespace coffer::http
