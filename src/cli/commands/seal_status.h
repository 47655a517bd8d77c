#pragma once
#include "cli/commands/common.h"

namespace coffer::cli {

// Prints a seal-status body together with what sys/leader says, as `status` and `operator unseal` do.
[[nodiscard]] Expected<int> output_seal_status(Context& context, Client& client, json::Value status);

}  // namespace coffer::cli
