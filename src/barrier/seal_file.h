#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "barrier/seal/seal.h"
#include "base/result.h"

namespace coffer::barrier {

struct ShareConfig {
  unsigned shares = 0;
  unsigned threshold = 0;
};

// The data of sys/rekey/backup: binary OpenPGP messages by the fingerprint of the key that opens them (a key given twice has two).
struct PgpBackup {
  std::string nonce;
  std::vector<std::pair<std::string, std::vector<std::string>>> keys;
};

// All that is known while sealed, and the sealed root key and keyring. On disk: one line `coffer-seal 1 <bytes> <SHA-256 of the rest>`,
// then JSON. The checksum finds accidents; changes on purpose fail the keyring's authentication, to which the plain part is bound.
struct SealFile {
  static constexpr unsigned format = 1;
  bool initializing = false;  // an init that has not ended: counts as not initialised
  std::string cluster_id;
  std::string cluster_name;
  std::string seal_type;
  ShareConfig barrier;                  // zeros where the seal unseals by itself
  std::optional<ShareConfig> recovery;  // only there
  WrappedKey root_key;
  std::string keyring;                  // under the root key
  std::optional<PgpBackup> barrier_backup;
  std::optional<PgpBackup> recovery_backup;

  [[nodiscard]] std::string root_key_context() const;
  [[nodiscard]] std::string keyring_context() const;
};

[[nodiscard]] std::string encode(const SealFile& file);
// Code::corrupt with `name` and what is wrong.
[[nodiscard]] Result<SealFile> parse_seal_file(std::string_view text, std::string_view name);

}  // namespace coffer::barrier
