#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/cidr.h"

// Address blocks: every block that is taken lies within itself, holds its own address, and stays one when its mask is left out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (!coffer::check_cidr(text)) {
    if (coffer::cidr_list_contains({text}, "127.0.0.1") || coffer::cidr_subset("127.0.0.1", text)) std::abort();
    return 0;
  }
  const std::string address = text.substr(0, text.find('/'));
  if (!coffer::cidr_subset(text, text) || !coffer::cidr_list_contains({text}, address) || !coffer::cidr_subset(address, text)) std::abort();
  if (text.find('\0') != text.npos) std::abort();
  return 0;
}
