#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "doors/azure/url.h"

// The Authorization header of Azure's clients, a line for each time it stands: nothing, an error, or a token that is a part of the one header, without
// spaces and control characters.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<coffer::HeaderView> headers;
  while (!rest.empty() && headers.size() < 4) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    headers.push_back({headers.size() % 2 == 0 ? "Authorization" : "authorization", rest.substr(0, end)});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto token = coffer::doors::azure::read_bearer(headers);
  if (!token || token->empty()) return 0;
  if (headers.size() != 1 || token->size() > 8192 || headers.front().value.find(*token) == std::string_view::npos) std::abort();
  for (const char c : *token)
    if (c <= ' ' || c > '~') std::abort();
  return 0;
}
