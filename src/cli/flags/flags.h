#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/failure.h"

namespace coffer::cli {

// The flags and arguments of one command line. Lookups name a flag of the command's table; another name is our own mistake and reads as
// not given.
class Flags {
 public:
  [[nodiscard]] bool given(std::string_view name) const;  // on the command line, not by the environment
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  [[nodiscard]] Duration duration(std::string_view name, Duration fallback = Duration::zero()) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> map(std::string_view name) const;

 private:
  friend struct FlagParser;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;  // from the command line, by the flag's main name
  std::map<std::string, std::string, std::less<>> defaults_;             // from the environment, else the table
};

struct ParsedArguments {
  Flags flags;
  std::vector<std::string> arguments;
  std::optional<std::size_t> separator = {};  // how many arguments stood before "--", when it was there
};

// Reads `words` (what follows the command's name) as Go's flag package does: -x and --x alike, value after '=' or in the next word,
// booleans without a value. Flags may stand behind arguments too; "--" ends them, "-" is an argument. Errors say what is known.
[[nodiscard]] Expected<ParsedArguments> parse_flags(const CommandSpec& command, std::span<const std::string> words,
                                                    const Environment& environment);

// A duration as Vault's command takes it: digits are seconds, else Go's form, days with `d`; a sign is allowed.
[[nodiscard]] Result<Duration> parse_flag_duration(std::string_view text);

}  // namespace coffer::cli
