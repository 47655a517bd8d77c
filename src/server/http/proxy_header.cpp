#include "server/http/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace coffer::http {
namespace {

constexpr std::string_view text_start = "PROXY ";
constexpr std::string_view binary_start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t longest_line = 107;  // with its end
constexpr std::size_t binary_head = 16, longest_rest = 2048;

std::size_t common(std::string_view a, std::string_view b) {
  const auto [end, unused] = std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return static_cast<std::size_t>(end - a.begin());
}

std::optional<std::string> address_bytes(int family, std::string_view text) {
  char bytes[16];
  if (::inet_pton(family, std::string(text).c_str(), bytes) != 1) return std::nullopt;
  return std::string(bytes, family == AF_INET ? 4 : 16);
}

std::optional<unsigned short> port_of(std::string_view text) {
  unsigned short port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return port;
}

unsigned big_endian(std::string_view two) { return static_cast<unsigned char>(two[0]) * 256u + static_cast<unsigned char>(two[1]); }

}  // namespace

std::size_t ProxyHeader::feed(std::string_view bytes) {
  if (state_ != State::more || bytes.empty()) return 0;
  // As long as both kinds of beginning are possible nothing beyond them is taken.
  const std::string_view start =
      (taken_.empty() ? bytes : std::string_view(taken_)).front() == text_start.front() ? text_start : binary_start;
  std::size_t used = 0;
  if (taken_.size() < start.size()) {
    used = common(bytes, start.substr(taken_.size()));
    taken_.append(bytes.substr(0, used));
    if (taken_.size() < start.size()) {
      if (used < bytes.size()) state_ = State::none;
      return used;
    }
  }
  bytes.remove_prefix(used);
  return used + (start == text_start ? feed_text(bytes) : feed_binary(bytes));
}

std::size_t ProxyHeader::feed_text(std::string_view bytes) {
  const std::size_t line_feed = bytes.find('\n');
  const std::size_t used = line_feed == bytes.npos ? bytes.size() : line_feed + 1;
  if (taken_.size() + used > longest_line) {
    state_ = State::malformed;
    return 0;
  }
  taken_.append(bytes.substr(0, used));
  if (line_feed != bytes.npos) parse_text(taken_);
  return used;
}

// PROXY TCP4 192.0.2.1 192.0.2.2 40000 443
void ProxyHeader::parse_text(std::string_view line) {
  state_ = State::malformed;
  if (!line.ends_with("\r\n")) return;
  line = line.substr(text_start.size(), line.size() - text_start.size() - 2);
  if (line.starts_with("UNKNOWN")) {
    state_ = State::complete;
    return;
  }
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == line.npos) break;
    line.remove_prefix(space + 1);
  }
  if (words.size() != 5 || (words[0] != "TCP4" && words[0] != "TCP6")) return;
  const int family = words[0] == "TCP4" ? AF_INET : AF_INET6;
  const auto from = address_bytes(family, words[1]), to = address_bytes(family, words[2]);
  const auto from_port = port_of(words[3]), to_port = port_of(words[4]);
  if (!from || !to || !from_port || !to_port) return;
  source_ = PeerAddress::from_bytes(*from, *from_port);
  state_ = State::complete;
}

std::size_t ProxyHeader::feed_binary(std::string_view bytes) {
  std::size_t used = 0;
  const auto take_up_to = [&](std::size_t size) {
    const std::size_t count = std::min(bytes.size() - used, size - taken_.size());
    taken_.append(bytes.substr(used, count));
    used += count;
    return taken_.size() == size;
  };
  if (taken_.size() < binary_head && !take_up_to(binary_head)) return used;
  const std::size_t rest = big_endian(std::string_view(taken_).substr(14, 2));
  if (rest > longest_rest) {
    state_ = State::malformed;
    return used;
  }
  if (take_up_to(binary_head + rest)) parse_binary();
  return used;
}

void ProxyHeader::parse_binary() {
  const auto command = static_cast<unsigned char>(taken_[12]), family = static_cast<unsigned char>(taken_[13]);
  const std::string_view rest = std::string_view(taken_).substr(binary_head);
  state_ = State::malformed;
  if (command != 0x20 && command != 0x21) return;
  if (command == 0x21 && (family == 0x11 || family == 0x21)) {
    const std::size_t size = family == 0x11 ? 4 : 16;
    if (rest.size() < 2 * size + 4) return;
    source_ = PeerAddress::from_bytes(rest.substr(0, size), static_cast<unsigned short>(big_endian(rest.substr(2 * size, 2))));
  }
  state_ = State::complete;
}

}  // namespace coffer::http
