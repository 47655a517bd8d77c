#pragma once
#include <string>

#include "cli/context.h"

namespace coffer::cli {

// "Vault v1.18.5 (<commit>), built <time>": the line that clients of `vault -version` parse (vault-api.md §1.0); under the name coffer a
// second line with Coffer's own version.
[[nodiscard]] std::string version_text(Persona persona);

}  // namespace coffer::cli
