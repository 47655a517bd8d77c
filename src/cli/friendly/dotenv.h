#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace coffer::cli {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Reads a .env text: NAME=value lines, "export " allowed before; # begins a comment at a line's start or behind white space; 'text' is
// literal, "text" knows \n \r \t \" \\ \$, both may span lines; no expansion of variables. Errors name the line, never a value.
[[nodiscard]] Result<Variables> parse_dotenv(std::string_view text);
// What parse_dotenv reads back as the same; names and values as they are, values quoted where needed.
[[nodiscard]] std::string print_dotenv(const Variables& variables);
// `export NAME='value'` lines for a POSIX shell.
[[nodiscard]] std::string print_shell(const Variables& variables);
// A letter or '_', then letters, digits, '_', '.', '-'.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace coffer::cli
