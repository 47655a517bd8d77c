#include "server/forwarded_for.h"

#include "base/cidr.h"
#include "base/encoding.h"

namespace coffer::server {
namespace {

constexpr std::size_t most_hops = 64;

// All hops that the header names, in order, over all lines of it.
std::vector<std::string_view> hops_of(const http::Request& request) {
  std::vector<std::string_view> out;
  for (const http::Header& header : request.headers) {
    if (!ascii_iequal(header.name, "x-forwarded-for")) continue;
    std::string_view rest = header.value;
    while (out.size() <= most_hops) {
      const std::size_t comma = rest.find(',');
      std::string_view hop = rest.substr(0, comma);
      while (hop.starts_with(' ') || hop.starts_with('\t')) hop.remove_prefix(1);
      while (hop.ends_with(' ') || hop.ends_with('\t')) hop.remove_suffix(1);
      out.push_back(hop);
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return out;
}

// "10.0.0.1", "10.0.0.1:4711", "::1", "[::1]", "[::1]:4711": some proxies add the port.
std::string_view without_port(std::string_view hop) {
  if (hop.starts_with('[')) {
    const std::size_t end = hop.find(']');
    return end == hop.npos ? std::string_view() : hop.substr(1, end - 1);
  }
  const std::size_t colon = hop.find(':');
  return colon != hop.npos && hop.find(':', colon + 1) == hop.npos ? hop.substr(0, colon) : hop;
}

}  // namespace

Result<std::string> ForwardedFor::client_of(const http::Request& request) const {
  if (request.count("x-forwarded-for") == 0) {
    if (options_.reject_not_present) return invalid("missing x-forwarded-for header and configured to reject when not present");
    return std::string(request.remote_address);
  }
  if (!cidr_list_contains(options_.authorized, request.remote_address)) {
    if (options_.reject_not_authorized)
      return invalid("client address not authorized for x-forwarded-for and configured to reject connection");
    return std::string(request.remote_address);
  }
  const auto hops = hops_of(request);
  if (hops.size() > most_hops) return invalid("malformed x-forwarded-for: too many hops");
  if (options_.hop_skips >= hops.size())
    return invalid("malformed x-forwarded-for configuration or request: more hops are skipped than the header names");
  std::string client(without_port(hops[hops.size() - 1 - options_.hop_skips]));
  if (client.find('/') != client.npos || !check_cidr(client)) return invalid("malformed x-forwarded-for: not an address");
  return client;
}

}  // namespace coffer::server
