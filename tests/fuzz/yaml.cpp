// YAML of `coffer import` and `coffer edit`: whatever is read becomes JSON that is well formed, and printed as YAML it reads back as the same.
#include "cli/output/yaml_text.h"

#include <cstdlib>

#include "cli/output/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto converted = coffer::cli::yaml_to_json(text);
  if (!converted) return 0;
  const auto document = coffer::json::Document::parse(*converted);
  if (!document) return 0;  // over a limit of the JSON reader, or a text that is no UTF-8
  const auto again = coffer::cli::yaml_to_json(coffer::cli::yaml_text(document->root()));
  if (!again) std::abort();
  const auto second = coffer::json::Document::parse(*again);
  if (!second || coffer::cli::compact_json(document->root(), true) != coffer::cli::compact_json(second->root(), true)) std::abort();
  return 0;
}
