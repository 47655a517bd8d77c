#include "cli/command.h"

namespace coffer::cli {

void add_friendly_commands(std::vector<CommandSpec>&) {}

}  // namespace coffer::cli
