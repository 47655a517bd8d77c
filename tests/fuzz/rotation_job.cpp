#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rotation/job.h"

// Stored rotations: whatever decodes encodes to a record that decodes to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = coffer::rotation::decode_job(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!first) return 0;
  const auto second = coffer::rotation::decode_job(encode(*first));
  if (!second || *second != *first) std::abort();
  if (!second->history.empty()) (void)coffer::rotation::outcome_name(second->history.front().outcome);
  return 0;
}
