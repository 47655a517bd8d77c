#pragma once
#include <string>

#include "cli/context.h"

namespace coffer::cli {

// Help for one command, or for a group with its members.
[[nodiscard]] std::string command_help(const World& world, const CommandSpec& command);
// Help for the program: the commands in use most, then the others.
[[nodiscard]] std::string program_help(const World& world);
// Help for the options that commands share.
[[nodiscard]] std::string options_help();
// docs/reference/cli.md, from the table.
[[nodiscard]] std::string reference_markdown();
// Whether the program has that command under its present name.
[[nodiscard]] bool visible(const World& world, const CommandSpec& command);
[[nodiscard]] const CommandSpec* find_command(const World& world, std::string_view name);

}  // namespace coffer::cli
