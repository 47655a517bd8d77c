#include "outbound/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace coffer::outbound {
namespace {

struct Block4 {
  std::uint32_t address;
  unsigned bits;
};
constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) { return a << 24 | b << 16 | c << 8 | d; }
constexpr Block4 blocks4[] = {
    {quad(0, 0, 0, 0), 8},           // this host
    {quad(169, 254, 0, 0), 16},      // link-local: metadata of AWS, Azure, Google and most others
    {quad(100, 100, 100, 200), 32},  // metadata of Alibaba
    {quad(168, 63, 129, 16), 32},    // the host of an Azure machine
    {quad(192, 0, 0, 192), 32},      // metadata of Oracle
    {quad(224, 0, 0, 0), 3},         // multicast, reserved, broadcast
};

bool forbidden4(std::uint32_t address) {
  return std::ranges::any_of(blocks4, [&](const Block4& block) { return (address ^ block.address) >> (32 - block.bits) == 0; });
}

using Bytes = std::array<std::uint8_t, 16>;
std::uint32_t last_quad(const Bytes& a) { return quad(a[12], a[13], a[14], a[15]); }
bool begins(const Bytes& a, std::initializer_list<std::uint8_t> with) { return std::equal(with.begin(), with.end(), a.begin()); }

bool forbidden6(const Bytes& a) {
  constexpr Bytes aws{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  constexpr Bytes google{0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (a == aws || a == google) return true;
  if (begins(a, {0xff}) || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)) return true;
  const bool mapped = begins(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
  const bool translated = begins(a, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  const bool compatible = begins(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) && last_quad(a) != 1;
  if (begins(a, {0x20, 0x02})) return forbidden4(quad(a[2], a[3], a[4], a[5]));  // 6to4
  return (mapped || translated || compatible) && forbidden4(last_quad(a));
}

}  // namespace

bool is_forbidden(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return forbidden4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return true;
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  Bytes bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return forbidden6(bytes);
}

}  // namespace coffer::outbound
