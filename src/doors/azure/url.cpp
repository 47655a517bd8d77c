#include "doors/azure/url.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "base/path.h"
#include "doors/http.h"

namespace coffer::doors::azure {
namespace {

constexpr std::size_t most_parameters = 100, longest_target = 16'384, longest_host = 255, longest_token = 8192;

bool printable(std::string_view text) {
  return valid_utf8(text) && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

const std::string* find(const Parameters& parameters, std::string_view name) {
  const auto at = std::ranges::find_if(parameters, [&](const auto& p) { return ascii_iequal(p.first, name); });
  return at == parameters.end() ? nullptr : &at->second;
}

Result<Parameters> parse_parameters(std::string_view text) {
  Parameters out;
  CHECK_OK(each_parameter(text, [&](std::string_view encoded_name, std::string_view encoded_value) -> Result<void> {
    if (out.size() >= most_parameters) return invalid("there are too many parameters");
    std::string name = TRY(percent_decode(encoded_name, true));
    std::string value = TRY(percent_decode(encoded_value, true));
    if (!valid_utf8(name) || !valid_utf8(value)) return invalid("a parameter is no UTF-8");
    if (find(out, name) != nullptr) return invalid("a parameter stands more than once");
    out.emplace_back(std::move(name), std::move(value));
    return {};
  }));
  return out;
}

Result<Target> parse_target(std::string_view target) {
  Target out;
  if (target.size() > longest_target) return invalid("the URL is too long");
  const std::size_t question = target.find('?');
  const std::string path = TRY(percent_decode(target.substr(0, question)));
  if (!printable(path)) return invalid("the path has characters that no name has");
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    if (end > 0) out.segments.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (question != target.npos) out.query = TRY(parse_parameters(target.substr(question + 1)));
  return out;
}

Result<Host> parse_host(std::string_view host) {
  Host out;
  if (host.empty() || host.size() > longest_host) return invalid("the Host header is missing, or is none");
  std::size_t end = host.find(':');
  if (host.starts_with('[')) {
    end = host.find(']');
    if (end == host.npos) return invalid("the Host header is none");
    ++end;
  }
  end = std::min(end, host.size());
  const std::string_view name = host.substr(0, end);
  std::string_view port = host.substr(end);
  if (port == ":") port = {};  // may be empty (RFC 3986 section 3.2.3)
  const auto in_name = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           (name.starts_with('[') && (c == ':' || c == '[' || c == ']'));
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || !std::ranges::all_of(name, in_name)) return invalid("the Host header is none");
  const bool good_port =
      port.empty() || (port[0] == ':' && port.size() >= 2 && port.size() <= 6 && std::ranges::all_of(port.substr(1), digit));
  if (!good_port) return invalid("the Host header is none");
  out.name = ascii_lower(name);
  while (out.name.ends_with('.')) out.name.pop_back();
  if (out.name.empty()) return invalid("the Host header is none");
  out.port = port;
  return out;
}

Result<std::string_view> read_bearer(std::span<const HeaderView> headers) {
  if (header_count(headers, "authorization") > 1)
    return invalid("the Authorization header stands more than once");
  std::string_view value = header_of(headers, "authorization");
  constexpr std::string_view scheme = "bearer";
  if (value.size() <= scheme.size() || !ascii_iequal(value.substr(0, scheme.size()), scheme) || value[scheme.size()] != ' ')
    return std::string_view();
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  if (value.size() > longest_token) return invalid("the token is longer than 8192 bytes");
  if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f; }))
    return invalid("the token has characters that no token has");
  return value;
}

}  // namespace coffer::doors::azure
