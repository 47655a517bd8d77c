#pragma once

namespace coffer::server {

// `coffer server ...`: reads the configuration, serves until SIGINT or SIGTERM, reloads on SIGHUP. Returns the exit code.
int run(int argc, char** argv);

}  // namespace coffer::server
