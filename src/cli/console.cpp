#include "cli/console.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <termios.h>
#include <unistd.h>

namespace coffer::cli {
namespace {

void write_fully(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return;  // a closed pipe: the reader has what it wanted
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Restores the terminal's echo also when the reading is interrupted by a signal.
class EchoOff {
 public:
  explicit EchoOff(int descriptor) : descriptor_(descriptor) {
    if (::tcgetattr(descriptor_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= static_cast<tcflag_t>(~(ECHO | ECHOE | ECHOK | ECHONL));
    changed_ = ::tcsetattr(descriptor_, TCSAFLUSH, &silent) == 0;
  }
  ~EchoOff() {
    if (changed_) (void)::tcsetattr(descriptor_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  int descriptor_;
  termios before_{};
  bool changed_ = false;
};

volatile std::sig_atomic_t interrupted = 0;
void note_interrupt(int) { interrupted = 1; }

// While alive, SIGINT ends a read instead of the process, so that the echo comes back.
class InterruptNoted {
 public:
  InterruptNoted() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    (void)::sigaction(SIGINT, &action, &before_);
  }
  ~InterruptNoted() { (void)::sigaction(SIGINT, &before_, nullptr); }
  InterruptNoted(const InterruptNoted&) = delete;
  InterruptNoted& operator=(const InterruptNoted&) = delete;

 private:
  struct sigaction before_ {};
};

// One line of stdin without its newline, read byte by byte so that nothing behind it is taken away from a later reader.
Expected<std::string> read_line() {
  std::string line;
  for (;;) {
    char c = 0;
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR && interrupted == 0) continue;
    if (n < 0) {
      wipe(line);
      return stop(exit_local, "user canceled");
    }
    if (n == 0) {
      if (line.empty()) return stop(exit_local, "nothing was entered");
      return line;
    }
    if (c == '\n') return line;
    if (c != '\r') line.push_back(c);
  }
}

class SystemConsole final : public Console {
 public:
  void write_out(std::string_view text) override { write_fully(STDOUT_FILENO, text); }
  void write_err(std::string_view text) override { write_fully(STDERR_FILENO, text); }
  [[nodiscard]] bool in_is_terminal() const override { return ::isatty(STDIN_FILENO) == 1; }
  [[nodiscard]] bool out_is_terminal() const override { return ::isatty(STDOUT_FILENO) == 1; }
  [[nodiscard]] bool err_is_terminal() const override { return ::isatty(STDERR_FILENO) == 1; }

  [[nodiscard]] Expected<std::string> read_all() override {
    std::string all;
    char chunk[16384];
    for (;;) {
      const ssize_t n = ::read(STDIN_FILENO, chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return stop(exit_local, "cannot read stdin: " + std::string(std::strerror(errno)));
      if (n == 0) break;
      all.append(chunk, static_cast<std::size_t>(n));
    }
    wipe(chunk, sizeof chunk);
    return all;
  }

  [[nodiscard]] Expected<SecretBytes> ask_hidden(std::string_view prompt, bool prompt_to_stdout) override {
    const int where = prompt_to_stdout ? STDOUT_FILENO : STDERR_FILENO;
    write_fully(where, prompt);
    if (!in_is_terminal()) {
      write_fully(where, "\n");
      return stop(exit_local, "file descriptor 0 is not a terminal");
    }
    Expected<std::string> typed = [] {
      const InterruptNoted noted;
      const EchoOff silent(STDIN_FILENO);
      return read_line();
    }();
    write_fully(where, "\n");
    if (!typed) return std::unexpected(std::move(typed).error());
    SecretBytes secret = SecretBytes::copy_of(std::string_view(*typed));
    wipe(*typed);
    return secret;
  }

  [[nodiscard]] Expected<std::string> ask(std::string_view prompt) override {
    if (!in_is_terminal()) return stop(exit_local, "file descriptor 0 is not a terminal");
    write_fully(STDERR_FILENO, prompt);
    const InterruptNoted noted;
    return read_line();
  }
};

}  // namespace

void Console::line(std::string_view text) {
  std::string with_newline(text);
  with_newline.push_back('\n');
  write_out(with_newline);
  wipe(with_newline);
}

void Console::note(std::string_view text) { write_err(std::string(text) + "\n"); }

void Console::warn(std::string_view text) {
  note(colours ? "\x1b[0;33m" + std::string(text) + "\x1b[0m" : std::string(text));
}

void Console::error(std::string_view text) {
  note(colours ? "\x1b[0;31m" + std::string(text) + "\x1b[0m" : std::string(text));
}

Console& system_console() {
  static SystemConsole console;
  return console;
}

}  // namespace coffer::cli
