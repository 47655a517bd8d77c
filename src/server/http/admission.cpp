#include "server/http/admission.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace coffer::http {

PeerAddress PeerAddress::from_bytes(std::string_view bytes, unsigned short port) {
  PeerAddress peer;
  static constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);  // IPv4 on a dual-stack socket
  if (bytes.size() == 16 && bytes.starts_with(mapped)) bytes.remove_prefix(mapped.size());
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  peer.text = text;
  peer.group = bytes.substr(0, 8);
  peer.port = port;
  return peer;
}

PeerAddress PeerAddress::from(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return from_bytes({reinterpret_cast<const char*>(&v4.sin_addr), 4}, ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    return from_bytes({reinterpret_cast<const char*>(&v6.sin6_addr), 16}, ntohs(v6.sin6_port));
  }
  return {};
}

bool Admission::enter(const std::string& group) {
  const std::lock_guard lock(mutex_);
  if (count_.load() >= limit_) return false;
  if (!group.empty()) {
    std::size_t& held = by_address_[group];
    if (held >= limit_per_address_) return false;
    ++held;
  }
  count_.fetch_add(1);
  return true;
}

void Admission::leave(const std::string& group) {
  const std::lock_guard lock(mutex_);
  count_.fetch_sub(1);
  forget(group);
}

bool Admission::regroup(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (!to.empty()) {
    std::size_t& held = by_address_[to];
    if (held >= limit_per_address_) return false;
    ++held;
  }
  forget(from);
  return true;
}

void Admission::forget(const std::string& group) {
  if (const auto found = by_address_.find(group); found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

}  // namespace coffer::http
