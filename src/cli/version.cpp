#include "cli/version.h"

#include <fmt/format.h>

#ifndef COFFER_VERSION
#define COFFER_VERSION "0.0.0"
#endif
#ifndef COFFER_COMMIT
#define COFFER_COMMIT "0000000000000000000000000000000000000000"
#endif

namespace coffer::cli {
namespace {
constexpr std::string_view api_version = "1.18.5";
constexpr std::string_view api_built = "2026-01-01T00:00:00Z";
}  // namespace

std::string version_text(Persona persona) {
  std::string out = fmt::format("Vault v{} ({}), built {}", api_version, COFFER_COMMIT, api_built);
  if (persona == Persona::coffer) out += "\nCoffer v" COFFER_VERSION;
  return out;
}

}  // namespace coffer::cli
