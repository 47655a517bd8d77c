#pragma once
#include <span>
#include <string>

#include "cli/context.h"

namespace coffer::cli {

// The `coffer` command, and Vault's when argv[0] ends in "vault" or "bao"; everything but `server`. Returns the exit code. Called once,
// from the main thread.
int run(int argc, char** argv);

// The same with the world given: `words` is what follows the program's name.
int run(World& world, std::span<const std::string> words);

}  // namespace coffer::cli
