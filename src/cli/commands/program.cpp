#include <fmt/format.h>

#include "cli/commands/common.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/version.h"

namespace coffer::cli {
namespace {

Expected<int> version(Context& context) {
  context.console.line(version_text(context.world.persona));
  return exit_ok;
}

Expected<int> help(Context& context) {
  std::string name;
  for (const std::string& word : context.arguments) name += (name.empty() ? "" : " ") + word;
  if (name.empty()) {
    context.console.write_out(program_help(context.world));
    return exit_ok;
  }
  if (name == "options") {
    context.console.write_out(options_help());
    return exit_ok;
  }
  const CommandSpec* command = find_command(context.world, name);
  if (command == nullptr) return usage_error(fmt::format("Unknown command: {}", name), "coffer help");
  context.console.write_out(command_help(context.world, *command));
  return exit_ok;
}

Expected<int> completion(Context& context) {
  const std::string script = completion_script(context.world, context.arguments[0]);
  if (script.empty())
    return usage_error(fmt::format("no completion for the shell \"{}\"", context.arguments[0]), "choose bash, zsh or fish");
  context.console.write_out(script);
  return exit_ok;
}

Expected<int> docs(Context& context) {
  if (context.arguments[0] != "cli") return usage_error(fmt::format("no page \"{}\"", context.arguments[0]), "coffer docs cli, or coffer docs config");
  context.console.write_out(reference_markdown());
  return exit_ok;
}

// The words typed so far come as arguments; what fits goes to stdout, a line each.
Expected<int> complete(Context& context) {
  for (const std::string& offer : completions(context)) context.console.line(offer);
  return exit_ok;
}

Expected<int> no_server(Context&) {
  return usage_error("this program was built without the server", "use the program of the package coffer-server");
}

}  // namespace

void add_program_commands(std::vector<CommandSpec>& table) {
  table.push_back({"server",
                   "",
                   "Start a server",
                   "Starts a server with the given configuration, or one for development that keeps everything in memory.",
                   {{"For production", "server -config=/etc/coffer/config.hcl"}, {"To try it out", "server -dev -dev-root-token-id=root"}},
                   {{"config", FlagKind::list, "Configuration file, or a folder of them; several times for several."},
                    {"dev", FlagKind::boolean, "Start for development: unsealed, in memory, with a known root token.", "false"},
                    {"dev-root-token-id", FlagKind::text, "Root token of the development server.", {}, "DEV_ROOT_TOKEN_ID"},
                    {"dev-listen-address", FlagKind::text, "Where the development server listens.", "127.0.0.1:8200", "DEV_LISTEN_ADDRESS"},
                    {"dev-tls", FlagKind::boolean, "Development server with TLS and a certificate of its own.", "false"},
                    {"log-level", FlagKind::text, "Least level to log.", "info", "LOG_LEVEL", {}, "trace|debug|info|warn|error"}},
                   0,
                   0,
                   0,
                   no_server});
  table.push_back({"version", "", "Print the version", {}, {}, {}, 0, 0, 0, version});
  CommandSpec help_command{"help",
                           "[COMMAND]",
                           "Print help for a command",
                           {},
                           {{"For one command", "help kv get"}, {"For the options of all commands", "help options"}},
                           {},
                           0,
                           0,
                           -1,
                           help,
                           Audience::coffer};
  help_command.completes = Completes::command;
  table.push_back(std::move(help_command));
  table.push_back({"completion",
                   "bash|zsh|fish",
                   "Print a completion script for your shell",
                   "Prints a script that completes commands, flags and paths. `coffer -autocomplete-install` sets completion up for good, in the start files of bash, zsh and fish; "
                   "`-autocomplete-uninstall` takes it away.",
                   {{"For this session of bash", "completion bash >/tmp/c && . /tmp/c"}},
                   {},
                   0,
                   1,
                   1,
                   completion,
                   Audience::coffer});
  table.push_back({"docs",
                   "cli|config",
                   "Print reference pages",
                   "Prints docs/reference/cli.md, made from the table of commands, or docs/reference/config.md, made from the tables of settings.",
                   {},
                   {},
                   0,
                   1,
                   1,
                   docs,
                   Audience::coffer});
  CommandSpec complete_command{"__complete", "WORDS...", "Print what may stand next", {}, {}, {}, http_flags, 0, -1, complete};
  table.push_back(std::move(complete_command));
}

}  // namespace coffer::cli
