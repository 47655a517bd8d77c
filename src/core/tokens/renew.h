#pragma once
#include "core/exchange.h"
#include "core/system.h"

namespace coffer::core {

struct Renewed {
  token::Record record;               // as it is now
  std::vector<std::string> warnings;  // capped times
};
// Renews a token in the request's own transaction, within all that bounds it (H02, H03); the checks of its login run again (S10). `increment`
// 0: as long as before. `missing` is the error when it is not there any more.
[[nodiscard]] Result<Renewed> renew_token(const Caller& caller, std::string_view id, Seconds increment, std::string_view missing);

}  // namespace coffer::core
