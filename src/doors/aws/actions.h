#pragma once
#include <string_view>

#include "base/json.h"
#include "base/path.h"
#include "base/result.h"
#include "core/request.h"
#include "doors/aws/door.h"

// Which path an action is about.
namespace coffer::doors::aws {

// The name of a Secrets Manager action as policies' and audit's readers know it, "secretsmanager:GetSecretValue"; "" when there is none. The text lives for
// ever.
[[nodiscard]] std::string_view secrets_action(std::string_view name);
// Sets path, alternative and the scope's suffix of a request for `action`; its scope's region and account must be set.
[[nodiscard]] Result<void> aim(core::Request& request, const Settings& settings, json::Value body);

}  // namespace coffer::doors::aws
