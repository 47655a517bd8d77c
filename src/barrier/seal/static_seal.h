#pragma once
#include <memory>
#include <string>

#include "barrier/seal/seal.h"

namespace coffer::barrier {

// The `seal "static"` stanza, with OpenBao's keys. A key is 32 bytes, 64 hexadecimal digits or base64; it stands in the value itself, or where
// the value points: `file:///path`, `env://NAME`, `credential://name` (a file in systemd's $CREDENTIALS_DIRECTORY).
struct StaticSealConfig {
  std::string current_key_id;
  std::string current_key;
  std::string previous_key_id;  // with previous_key: reads what an earlier key sealed; the root key is then wrapped by the current one
  std::string previous_key;
};
// Reads the keys now. Errors name the setting, never the key.
[[nodiscard]] Result<std::unique_ptr<Seal>> make_static_seal(const StaticSealConfig& config);

}  // namespace coffer::barrier
