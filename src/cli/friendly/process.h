#pragma once
#include <string>
#include <vector>

#include "cli/friendly/masking.h"

namespace coffer::cli {

// Exit codes of `run` for its own failures, as env(1) has them.
inline constexpr int exit_run_failed = 125, exit_not_executable = 126, exit_not_found = 127;

struct ChildOptions {
  std::vector<std::string> argv;
  std::vector<std::string> environment;        // NAME=value
  const SecretPatterns* masks = nullptr;       // what its output may not show; null: its streams are this program's
  bool mask_out = false, mask_err = false;     // which streams go through the masks
};

// Starts a program, hands on signals that this one gets, waits, and returns its exit code (128 + n when signal n ended it). Its output passes
// through the masks where asked; `error` tells why it could not be started.
[[nodiscard]] int run_child(const ChildOptions& options, std::string& error);

}  // namespace coffer::cli
