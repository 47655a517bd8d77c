#include "cli/client/token_helper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cli/context.h"
#include "cli/friendly/private_file.h"

extern char** environ;

namespace coffer::cli {
namespace {

// `token_helper = "path"` out of the configuration file; comments and other keys are passed over.
std::string configured_helper(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line = trim_space(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with("token_helper")) continue;
    line = trim_space(line.substr(12));
    if (!line.starts_with('=')) continue;
    line = trim_space(line.substr(1));
    const std::size_t close = line.size() > 1 && line.front() == '"' ? line.find('"', 1) : std::string::npos;
    if (close != std::string::npos) return line.substr(1, close - 1);
  }
  return {};
}

// Runs `program action`, giving it `input` and taking its stdout.
Expected<std::string> call_helper(const std::string& program, const char* action, std::string_view input) {
  int to_child[2], from_child[2];
  if (::pipe2(to_child, O_CLOEXEC) != 0 || ::pipe2(from_child, O_CLOEXEC) != 0) return usage_error("cannot make a pipe for the token helper");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  std::string command = "exec '" + program + "' " + action;
  if (program.find('\'') != std::string::npos) return usage_error("the token helper's path may not hold a quote");
  std::string shell = "sh", flag = "-c";
  char* argv[] = {shell.data(), flag.data(), command.data(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, "/bin/sh", &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(to_child[0]);
  ::close(from_child[1]);
  std::string output;
  if (failed == 0) {
    (void)!::write(to_child[1], input.data(), input.size());
    ::close(to_child[1]);
    char chunk[4096];
    for (ssize_t n = 0; (n = ::read(from_child[0], chunk, sizeof chunk)) > 0;) output.append(chunk, static_cast<std::size_t>(n));
    wipe(chunk, sizeof chunk);
  } else {
    ::close(to_child[1]);
  }
  ::close(from_child[0]);
  int status = 0;
  if (failed == 0) (void)::waitpid(child, &status, 0);
  if (failed != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return usage_error(fmt::format("the token helper \"{}\" failed to {} the token", program, action));
  return output;
}

}  // namespace

Expected<std::string> TokenHelper::helper_program() const {
  std::string path = environment_.setting("CONFIG_PATH");
  if (path.empty()) {
    if (environment_.home().empty()) return std::string();
    path = environment_.home() + "/.vault";
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::string();
  return configured_helper(TRY(read_file(path)));
}

Expected<std::string> TokenHelper::token_path() const {
  if (std::string path = environment_.setting("TOKEN_PATH"); !path.empty()) return path;
  if (environment_.home().empty()) return usage_error("no home folder to keep the token in", "set HOME, or VAULT_TOKEN_PATH to a file");
  return environment_.home() + "/.vault-token";
}

Expected<SecretBytes> TokenHelper::current() const {
  if (std::string token = environment_.setting("TOKEN"); !token.empty()) {
    SecretBytes out = SecretBytes::copy_of(std::string_view(trim_space(token)));
    wipe(token);
    return out;
  }
  std::string text;
  if (const std::string program = TRY(helper_program()); !program.empty()) {
    text = TRY(call_helper(program, "get", ""));
  } else {
    const Expected<std::string> path = token_path();
    if (!path || ::access(path->c_str(), F_OK) != 0) return SecretBytes();
    text = TRY(read_file(*path));
  }
  SecretBytes out = SecretBytes::copy_of(std::string_view(trim_space(text)));
  wipe(text);
  return out;
}

Expected<void> TokenHelper::store(const SecretBytes& token) const {
  if (const std::string program = TRY(helper_program()); !program.empty()) {
    CHECK_OK(call_helper(program, "store", token.reveal_text()));
    return {};
  }
  const std::string path = TRY(token_path());
  return replace_file(path, token.reveal_text(), 0600);
}

Expected<void> TokenHelper::erase() const {
  if (const std::string program = TRY(helper_program()); !program.empty()) {
    CHECK_OK(call_helper(program, "erase", ""));
    return {};
  }
  const std::string path = TRY(token_path());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return usage_error(fmt::format("cannot remove {}: {}", path, ascii_message(errno)));
  return {};
}

}  // namespace coffer::cli
