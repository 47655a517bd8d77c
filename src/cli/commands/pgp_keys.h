#pragma once
#include <string>

#include "cli/failure.h"

namespace coffer::cli {

// The OpenPGP public key in a file, as the API takes it: base64 of its binary form. The file may be binary, base64 or ASCII-armored.
[[nodiscard]] Expected<std::string> pgp_key_base64(const std::string& path);
// The keys of several files, separated by commas, as a JSON list.
[[nodiscard]] Expected<std::string> pgp_keys_json(const std::string& paths);

}  // namespace coffer::cli
