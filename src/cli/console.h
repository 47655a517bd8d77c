#pragma once
#include <string>
#include <string_view>

#include "base/secret.h"
#include "cli/failure.h"

namespace coffer::cli {

// Where a command reads and writes: a seam, so that tests run commands without a terminal. One thread uses it.
class Console {
 public:
  virtual ~Console() = default;
  virtual void write_out(std::string_view text) = 0;  // stdout: data
  virtual void write_err(std::string_view text) = 0;  // stderr: talk
  [[nodiscard]] virtual bool in_is_terminal() const = 0;
  [[nodiscard]] virtual bool out_is_terminal() const = 0;
  [[nodiscard]] virtual bool err_is_terminal() const = 0;
  // All of stdin; a second call gets what is left, that is nothing.
  [[nodiscard]] virtual Expected<std::string> read_all() = 0;
  // Asks on the terminal, without echo or with it; fails when stdin is none. The prompt goes to stdout for Vault's commands (that is
  // where Vault's own goes), else to stderr.
  [[nodiscard]] virtual Expected<SecretBytes> ask_hidden(std::string_view prompt, bool prompt_to_stdout) = 0;
  [[nodiscard]] virtual Expected<std::string> ask(std::string_view prompt) = 0;

  // One line each.
  void line(std::string_view text);   // stdout
  void note(std::string_view text);   // stderr, plain
  void warn(std::string_view text);   // stderr, yellow where colours are on
  void error(std::string_view text);  // stderr, red where colours are on

  bool colours = false;  // on stderr: a terminal, and neither NO_COLOR nor -no-color
};

// The process's own stdin, stdout and stderr; lives for ever.
[[nodiscard]] Console& system_console();

}  // namespace coffer::cli
