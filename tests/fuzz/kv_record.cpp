#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engines/kv/aws/access_marks.h"
#include "engines/kv/aws/facet.h"
#include "engines/kv/azure/vault.h"
#include "engines/kv/model.h"

// Stored records of the KV engine: whatever decodes encodes to a record that decodes to the same.
namespace {

template <class Decode>
void round_trip(std::string_view input, Decode decode) {
  const auto first = decode(input);
  if (!first) return;
  const std::string record = encode(*first);
  const auto second = decode(record);
  if (!second || encode(*second) != record) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  round_trip(input, coffer::kv::decode_object);
  round_trip(input, coffer::kv::decode_version);
  round_trip(input, coffer::kv::decode_config);
  round_trip(input, coffer::kv::decode_plain);
  round_trip(input, coffer::kv::aws::decode_facet);
  round_trip(input, coffer::kv::aws::decode_days);
  round_trip(input, coffer::kv::azure::decode_vault);
  if (const auto object = coffer::kv::decode_object(input)) {
    (void)object->custom_metadata.unpack();
    (void)coffer::kv::aws::decode_facet(object->aws);
  }
  return 0;
}
