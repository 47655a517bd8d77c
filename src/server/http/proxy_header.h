#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "server/http/admission.h"

namespace coffer::http {

// The header by which a proxy says for whom it connects (HAProxy's PROXY protocol, versions 1 and 2), read from the first bytes of a
// connection. Strict: what is no such header is none, what begins as one and is malformed ends the connection. Not thread-safe.
class ProxyHeader {
 public:
  enum class State : std::uint8_t { more, none, complete, malformed };
  // Looks at bytes that follow those taken before; returns how many of them it takes, never one beyond the header.
  std::size_t feed(std::string_view bytes);
  [[nodiscard]] State state() const { return state_; }
  // Of the client; nothing when the proxy speaks for itself (LOCAL, UNKNOWN) or for a kind of address that is not the internet's.
  [[nodiscard]] const std::optional<PeerAddress>& source() const { return source_; }
  // State `none`: what was taken before that showed, and is the beginning of something else.
  [[nodiscard]] std::string_view taken() const { return taken_; }

 private:
  std::size_t feed_text(std::string_view bytes);
  std::size_t feed_binary(std::string_view bytes);
  void parse_text(std::string_view line);
  void parse_binary();
  State state_ = State::more;
  std::string taken_;
  std::optional<PeerAddress> source_;
};

}  // namespace coffer::http
