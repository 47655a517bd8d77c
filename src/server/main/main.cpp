#include <cstdio>
#include <string_view>

#include "cli/cli.h"
#include "server/config/config.h"
#include "server/run.h"

// One binary: `coffer server` is the server, all else the command line. Under the names `vault` and `bao` it is Vault's command.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "server") return coffer::server::run(argc, argv);
  // The command line does not know the server's settings.
  if (argc == 3 && std::string_view(argv[1]) == "docs" && std::string_view(argv[2]) == "config")
    return std::fputs(coffer::config::reference_markdown().c_str(), stdout) < 0 ? 1 : 0;
  return coffer::cli::run(argc, argv);
}
