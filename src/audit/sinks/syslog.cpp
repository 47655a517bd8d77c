#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "audit/sinks/blocking.h"
#include "base/encoding.h"

namespace coffer::audit {
namespace {

constexpr std::string_view facilities[] = {"kern",   "user",   "mail",   "daemon", "auth",   "syslog", "lpr",    "news",
                                           "uucp",   "cron",   "authpriv", "ftp",  "ntp",    "security", "console", "solaris-cron",
                                           "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
constexpr int severity_info = 6;

// The local daemon's datagram socket, RFC 3164 form without a time: the daemon adds its own.
class SyslogSink final : public BlockingSink {
 public:
  explicit SyslogSink(SyslogOptions options)
      : options_(std::move(options)),
        prefix_("<" + std::to_string(options_.facility * 8 + severity_info) + ">" + options_.tag + "[" + std::to_string(::getpid()) + "]: ") {}

  Outcome append(const Batch& batch, Deadline deadline, int cancel) override {
    Outcome outcome;
    std::size_t begin = 0;
    for (const Line& line : batch.lines) {
      message_.assign(prefix_).append(batch.text, begin, line.end - begin - 1);
      if (!send(deadline, cancel)) {
        outcome.problem = problem_;
        break;
      }
      begin = line.end;
      ++outcome.kept;
    }
    return outcome;
  }

  void reopen() override { fd_.reset(); }

 private:
  // A daemon that was restarted needs a new connection: tried once.
  bool send(Deadline deadline, int cancel) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (!fd_ && !connect()) return false;
      for (;;) {
        if (::send(fd_.get(), message_.data(), message_.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != ENOBUFS) break;
        if (!wait_ready(fd_.get(), POLLOUT, deadline, cancel)) return failed("syslog did not take the records before the deadline");
      }
      const int error = errno;
      failed("syslog refused a record: " + system_error(error));
      if (error == EMSGSIZE) return false;
      fd_.reset();
    }
    return false;
  }

  bool connect() {
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!fd || options_.socket.size() >= sizeof address.sun_path) return failed("no socket for syslog");
    std::memcpy(address.sun_path, options_.socket.c_str(), options_.socket.size() + 1);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      return failed("no syslog daemon listens: " + system_error(errno));
    fd_ = std::move(fd);
    return true;
  }

  bool failed(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  SyslogOptions options_;
  std::string prefix_, message_, problem_;
  Fd fd_;
};

}  // namespace

Result<int> parse_facility(std::string_view name) {
  const std::string lower = ascii_lower(name);
  for (std::size_t i = 0; i < std::size(facilities); ++i)
    if (facilities[i] == lower) return static_cast<int>(i);
  return invalid("unknown syslog facility; use AUTH, AUTHPRIV, DAEMON, USER or LOCAL0 to LOCAL7");
}

std::unique_ptr<BlockingSink> make_syslog_sink(SyslogOptions options) { return std::make_unique<SyslogSink>(std::move(options)); }

}  // namespace coffer::audit
