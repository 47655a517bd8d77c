#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "server/config/config.h"

// Server configurations: either a value whose public face is JSON, or problems that each say something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = coffer::config;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parsed = config::parse(input, "fuzz.hcl", {.dev = std::nullopt, .check_files = false});
  if (!parsed) {
    if (parsed.error().empty()) std::abort();
    for (const config::Problem& problem : parsed.error()) {
      if (problem.message.empty()) std::abort();
    }
    return 0;
  }
  if (parsed->listeners.empty()) std::abort();
  if (!coffer::json::Document::parse(parsed->sanitized())) std::abort();
  return 0;
}
