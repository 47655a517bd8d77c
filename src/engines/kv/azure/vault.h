#pragma once
#include <cstdint>
#include <string_view>

#include "backend/caller.h"
#include "engines/kv/model.h"
#include "storage/view.h"

// What Azure calls a vault: a mount, with these properties of its own.
namespace coffer::kv::azure {

inline constexpr std::int64_t least_days = 7, most_days = 90;

struct Vault {
  std::int64_t soft_delete_days = most_days;  // how long deleted secrets can be recovered
  bool purge_protection = false;              // deleted secrets stay that long, whoever asks; never turned off again
  Time deleted_at = never, purge_at = never;  // of the vault: Azure's clients do not see it meanwhile

  [[nodiscard]] bool deleted() const { return deleted_at != never; }
  [[nodiscard]] std::string_view recovery_level() const;
};

[[nodiscard]] Result<Vault> load_vault(const Snapshot& view);
// The same for the hot path: from the caller's memory, where it has one.
[[nodiscard]] Result<Vault> load_vault(const Caller& caller, const Snapshot& view);
[[nodiscard]] Result<void> save_vault(Transaction& view, const Vault& vault);

[[nodiscard]] std::string encode(const Vault& vault);
[[nodiscard]] Result<Vault> decode_vault(std::string_view record);

}  // namespace coffer::kv::azure
