#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "server/http/proxy_header.h"

// PROXY protocol headers: the same whole and byte by byte, never a byte beyond the header, and a source only of a complete one.
namespace {

using coffer::http::ProxyHeader;

struct Reading {
  ProxyHeader header;
  std::size_t used = 0;
};

Reading read(std::string_view input, std::size_t piece) {
  Reading out;
  while (out.header.state() == ProxyHeader::State::more && out.used < input.size()) {
    const std::string_view seen = input.substr(out.used, piece);
    const std::size_t used = out.header.feed(seen);
    if (used > seen.size() || (used == 0 && out.header.state() == ProxyHeader::State::more)) std::abort();
    out.used += used;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(input, input.npos), bytes = read(input, 1);
  if (whole.header.state() != bytes.header.state()) std::abort();
  if (whole.header.state() == ProxyHeader::State::complete && whole.used != bytes.used) std::abort();
  if (whole.header.source().has_value() != bytes.header.source().has_value()) std::abort();
  if (whole.header.source() && (whole.header.state() != ProxyHeader::State::complete || whole.header.source()->text.empty() ||
                                whole.header.source()->text != bytes.header.source()->text))
    std::abort();
  if (whole.header.state() == ProxyHeader::State::none && input.substr(0, whole.header.taken().size()) != whole.header.taken())
    std::abort();
  return 0;
}
