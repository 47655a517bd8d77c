#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace coffer::token {

// Everything that bounds how long a token lives (H03): the smallest wins.
struct TtlInput {
  Seconds requested{0};        // the caller's ttl, or the role's; 0: none
  Seconds period{0};           // periodic tokens: the ttl of each renewal
  Seconds max{0};              // the role's max; 0: none
  Seconds explicit_max{0};     // not to be exceeded by anything; 0: none
  Seconds mount_default{0}, mount_max{0};  // effective values of the mount
  std::optional<Time> created; // renewals: when the token was made
  Time now{};
};
struct TtlResult {
  Seconds ttl{0};                     // as shown: what is left until `expire`, a broken second counted whole
  Time expire{};                      // to the nanosecond: a renewal never passes a maximum by rounding
  std::vector<std::string> warnings;  // Vault's texts
};
// A ttl is never 0 or negative for a token that must end; at its maximum a renewal gives what is left, at least nothing (H02): `ttl` 0 then
// means that the token's time is over.
[[nodiscard]] TtlResult effective_ttl(const TtlInput& input);

}  // namespace coffer::token
