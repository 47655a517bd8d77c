#pragma once
#include <string>
#include <string_view>

#include "core/access_keys/roles.h"

namespace coffer::core {

// Whom a web token speaks of, once it is known to be good for a role.
struct WebIdentity {
  std::string issuer, subject, audience;
};
// A signed JSON Web Token (RFC 7519): signature by one of the role's keys, issuer, audience, subject and times. Errors have STS's names and do not say
// which of the bounds was not met.
[[nodiscard]] Result<WebIdentity> judge_web_identity(const KeyRole& role, std::string_view token, Time now);

}  // namespace coffer::core
