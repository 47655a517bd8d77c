#pragma once
#include <string>
#include <vector>

#include "core/mounts.h"
#include "core/runtime.h"

// User lockout (vault-api.md §1.10): failed logins counted per mount and normalised name, whatever the spelling and whether or not the user
// exists (C01, C02). Kept in the store, so that a restart forgets nothing.
namespace coffer::core {

struct LockoutRow {
  std::int64_t failures = 0;
  Time last{};
  static constexpr auto fields() {
    using T = LockoutRow;
    return schema::Fields{schema::field<&T::failures>("failures", ""), schema::field<&T::last>("last", "")};
  }
};
struct LockoutRules {
  std::int64_t threshold = 5;
  Seconds duration{900}, reset{900};
  bool disabled = false;
};
[[nodiscard]] LockoutRules lockout_rules(const Mount& mount, const CoreConfig& config);
// Key in the sys space: lockout/<accessor>/<hex of the name>.
[[nodiscard]] std::string lockout_key(std::string_view accessor, std::string_view name);
[[nodiscard]] Result<std::optional<LockoutRow>> read_lockout(const Snapshot& sys, const std::string& key);
// Removes rows that have no more effect, of mounts that are gone too: who fails to log in cannot fill the store. Not for an io thread.
[[nodiscard]] Result<void> forget_lockouts(Runtime& runtime, const CoreConfig& config);
[[nodiscard]] bool locked(const LockoutRow& row, const LockoutRules& rules, Time now);

}  // namespace coffer::core
