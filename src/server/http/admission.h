#pragma once
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

namespace coffer::http {

// Where a connection comes from, as one is counted: an IPv4 address, an IPv6 /64, or "" for a Unix socket.
struct PeerAddress {
  std::string text;   // "127.0.0.1", "::1", ""
  std::string group;  // what the limit per address counts
  unsigned short port = 0;
  static PeerAddress from(const sockaddr_storage& address);
  static PeerAddress from_bytes(std::string_view address_bytes, unsigned short port);  // 4 or 16 bytes, as in a PROXY header
};

// How many connections there are, in all and of each address. Safe from any thread.
class Admission {
 public:
  Admission(std::size_t total, std::size_t per_address) : limit_(total), limit_per_address_(per_address) {}
  // False, and nothing counted, when a limit is reached.
  [[nodiscard]] bool enter(const std::string& group);
  void leave(const std::string& group);
  // Counts a connection under another address. False, and nothing changed, when that one's limit is reached.
  [[nodiscard]] bool regroup(const std::string& from, const std::string& to);
  [[nodiscard]] std::size_t count() const { return count_.load(); }

 private:
  void forget(const std::string& group);  // under mutex_
  const std::size_t limit_, limit_per_address_;
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::map<std::string, std::size_t> by_address_;  // under mutex_
};

}  // namespace coffer::http
