#include "base/cidr.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/brief.h"
#include "base/json.h"

namespace coffer {
namespace {

struct Block {
  std::array<unsigned char, 16> bytes{};
  unsigned size = 0;  // 4 or 16
  unsigned bits = 0;
};

std::optional<Block> parse_address(std::string_view text) {
  Block out;
  if (text.find('\0') != text.npos) return {};  // would end the text for inet_pton
  const std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1) {
    out.size = 4;
  } else if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) {
    static constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    out.size = 16;
    if (std::equal(mapped.begin(), mapped.end(), out.bytes.begin())) {
      std::memmove(out.bytes.data(), out.bytes.data() + 12, 4);
      out.size = 4;
    }
  } else {
    return {};
  }
  out.bits = out.size * 8;
  return out;
}

std::optional<Block> parse_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto out = parse_address(text.substr(0, slash));
  if (!out || slash == text.npos) return out;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size() || bits > out->bits) return {};
  out->bits = bits;
  return out;
}

bool same_prefix(const Block& a, const Block& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - bits % 8));
  return (a.bytes[whole] & mask) == (b.bytes[whole] & mask);
}

}  // namespace

Result<void> check_cidr(std::string_view text) {
  if (parse_block(text)) return {};
  const std::string shown = json::quoted(brief(text));
  return invalid("error parsing address " + shown + ": Unable to convert " + shown + " to an IPv4 or IPv6 address, or a UNIX Socket");
}

bool cidr_list_contains(const std::vector<std::string>& blocks, std::string_view address) {
  const auto where = parse_address(address);
  if (!where) return false;
  for (const std::string& text : blocks)
    if (const auto block = parse_block(text); block && block->size == where->size && same_prefix(*block, *where, block->bits)) return true;
  return false;
}

bool cidr_subset(std::string_view inner, std::string_view outer) {
  const auto a = parse_block(inner), b = parse_block(outer);
  return a && b && a->size == b->size && a->bits >= b->bits && same_prefix(*a, *b, b->bits);
}

}  // namespace coffer
