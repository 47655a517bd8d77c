#pragma once
#include <vector>

#include "cli/command.h"

namespace coffer::cli {

// `azure ...`: vaults that Azure's clients see, and policies in Azure's words.
void add_azure_commands(std::vector<CommandSpec>& table);

}  // namespace coffer::cli
