#pragma once
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace coffer {

// A secret of the configuration: the text itself, or what it points to: `file:///path`, `env://NAME`, `credential://name` (a file in systemd's
// $CREDENTIALS_DIRECTORY), with the line end that a file may have. `subject` begins the messages of errors: `seal "static": current_key`.
[[nodiscard]] Result<SecretBytes> read_secret_source(std::string_view value, std::string_view subject);

}  // namespace coffer
