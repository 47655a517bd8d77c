#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/hcl.h"

// HCL and JSON texts: what parses prints to a text that parses to the same, comments and all.
namespace {

namespace hcl = coffer::policy::hcl;

// HCL has no null, so JSON's are left out when printing.
bool has_null(const hcl::Value& value) {
  if (value.is(hcl::Kind::null)) return true;
  for (const hcl::Entry& entry : value.entries) {
    if (has_null(entry.value)) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto first = hcl::parse(input, "fuzz");
  if (!first) {
    if (first.error().line == 0 || first.error().message.empty()) std::abort();
    return 0;
  }
  const std::string printed = hcl::print(first->root);
  const auto second = hcl::parse(printed, "printed", {.bytes = 64u << 20, .depth = 64, .nodes = 1'000'000});
  if (!second) std::abort();
  if (!has_null(first->root) && !hcl::same(first->root, second->root)) std::abort();
  if (hcl::print(second->root) != printed) std::abort();
  return 0;
}
