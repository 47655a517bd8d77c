#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/header.h"
#include "base/result.h"

// Hosts, URLs and bearer tokens in the forms that Azure's clients really send them.
namespace coffer::doors::azure {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// The value of a parameter, names compared without regard to case; null when there is none.
[[nodiscard]] const std::string* find(const Parameters& parameters, std::string_view name);

// Parameters of a query or a form, decoded. At most 100; one that stands twice is refused.
[[nodiscard]] Result<Parameters> parse_parameters(std::string_view text);

// A request target, decoded once: empty segments are dropped, so that "/secrets/a/", "/secrets/a/%2F" and "//secrets/a" are one path.
struct Target {
  std::vector<std::string> segments;
  Parameters query;
};
[[nodiscard]] Result<Target> parse_target(std::string_view target);

// A Host header: the name in lower case, and ":8200" or "". Only what can stand in a URL.
struct Host {
  std::string name, port;
  [[nodiscard]] std::string whole() const { return name + port; }
};
[[nodiscard]] Result<Host> parse_host(std::string_view host);

// The token of `Authorization: Bearer <token>`; "" without one. The header may stand once.
[[nodiscard]] Result<std::string_view> read_bearer(std::span<const HeaderView> headers);

}  // namespace coffer::doors::azure
