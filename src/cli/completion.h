#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace coffer::cli {

// The completion script for bash, zsh or fish; "" for another shell. It asks the program itself (`__complete`), so it never goes stale.
[[nodiscard]] std::string completion_script(const World& world, std::string_view shell);
// What may stand in the place of the last of the context's arguments: the words typed so far, without the program's name, the last one
// unfinished. Paths are asked of the server, which has 300 ms to answer.
[[nodiscard]] std::vector<std::string> completions(Context& context);

}  // namespace coffer::cli
