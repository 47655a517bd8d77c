#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/clock.h"

// Durations and times: what parses prints to a text that parses to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto duration = coffer::parse_duration(input)) {
    const auto again = coffer::parse_duration(coffer::go_duration(*duration));
    if (!again || *again != *duration) std::abort();
  }
  if (const auto time = coffer::parse_rfc3339(input)) {
    const auto again = coffer::parse_rfc3339(coffer::rfc3339(*time));
    if (!again || *again != *time) std::abort();
  }
  return 0;
}
