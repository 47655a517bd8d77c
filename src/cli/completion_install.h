#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"

// Completion as Vault's command sets it up: `-autocomplete-install` writes a line into the start files of the shells there are, by which they run the program
// itself with the line that is typed in COMP_LINE (Bash Reference Manual, "Programmable Completion", complete -C). Lines that Vault's command once wrote work
// with this program under its name.
namespace coffer::cli {

// The words typed so far, without the program's name, the last one unfinished; nothing unless a shell asks.
[[nodiscard]] std::optional<std::vector<std::string>> words_to_complete(const Environment& environment);
// What the shell takes for `offer`: bash takes words apart at '=' and wants the part behind it.
[[nodiscard]] std::string_view offered_part(const Environment& environment, std::string_view offer, std::string_view unfinished);

// Sets it up for each of bash, zsh and fish that has a start file in the home folder, or takes it away again. Exit codes of the program.
[[nodiscard]] Expected<int> install_completion(World& world);
[[nodiscard]] Expected<int> uninstall_completion(World& world);

}  // namespace coffer::cli
