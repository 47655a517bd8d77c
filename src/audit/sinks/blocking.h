#pragma once
#include "audit/sinks/location.h"
#include "audit/sinks/sink.h"

// Sinks that may block, each used through QueuedSink.
namespace coffer::audit {

// A FIFO, a terminal or standard output. `fd` is opened anew from `location` when the reader went away; an empty path: never.
[[nodiscard]] std::unique_ptr<BlockingSink> make_stream_sink(Fd fd, Location location);

struct SocketOptions {
  std::string type = "tcp";  // tcp, udp, unix
  std::string address;       // host:port, or the path of a Unix socket
  Location location;         // of a Unix socket
};
// Connects at once; errors say what is wrong with the address. Later it connects again by itself.
[[nodiscard]] std::unique_ptr<BlockingSink> make_socket_sink(SocketOptions options);
// Checks the form of an address without connecting.
[[nodiscard]] Result<void> check_socket_options(const SocketOptions& options);

struct SyslogOptions {
  int facility = 4;            // RFC 5424 number; 4 is AUTH
  std::string tag = "coffer";
  std::string socket = "/dev/log";
};
[[nodiscard]] std::unique_ptr<BlockingSink> make_syslog_sink(SyslogOptions options);
// "AUTH", "LOCAL0", ... as syslog.conf names them, in any case.
[[nodiscard]] Result<int> parse_facility(std::string_view name);

}  // namespace coffer::audit
