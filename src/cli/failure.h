#pragma once
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace coffer::cli {

// Exit codes as Vault's command has them. `run` has its own beside these (125 to 127).
inline constexpr int exit_ok = 0;
inline constexpr int exit_local = 1;   // wrong usage, an unreadable file, a refused prompt
inline constexpr int exit_server = 2;  // the server could not be reached, or said no

// What the server refused to the caller's token. The program called coffer asks it why (cli/commands/denial.h).
struct Denial {
  std::string capability;  // "read"; "" where it was not yet known what can be asked for at the path
  std::string path;        // with its mount
};

// Why a command stops. `text` goes to stderr with one newline; `output` (a preview asked for by -output-curl-string or -output-policy) to
// stdout instead. `next` says what to do, and is shown under the name coffer only.
struct Failure {
  int exit_code = exit_local;
  std::string text;
  std::string next = {};
  std::string output = {};
  std::optional<Denial> denial = {};
};

template <class T>
using Expected = std::expected<T, Failure>;

inline std::unexpected<Failure> stop(int exit_code, std::string text, std::string next = {}) {
  return std::unexpected(Failure{exit_code, std::move(text), std::move(next), {}, {}});
}
inline std::unexpected<Failure> usage_error(std::string text, std::string next = {}) {
  return stop(exit_local, std::move(text), std::move(next));
}

}  // namespace coffer::cli
