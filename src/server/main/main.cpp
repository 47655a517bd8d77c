#include <string_view>

#include "cli/cli.h"
#include "server/run.h"

// One binary: `coffer server` is the server, all else the command line. Under the names `vault` and `bao` it is Vault's command.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "server") return coffer::server::run(argc, argv);
  return coffer::cli::run(argc, argv);
}
