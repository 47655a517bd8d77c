#include "cli/help.h"

#include "cli/output/table.h"

#include <fmt/format.h>

namespace coffer::cli {
namespace {

bool is_member(const CommandSpec& command, std::string_view group) {
  if (!command.name.starts_with(group) || command.name.size() <= group.size() + 1 || command.name[group.size()] != ' ') return false;
  return command.name.find(' ', group.size() + 1) == std::string_view::npos;
}

std::string value_name(const FlagSpec& flag) {
  switch (flag.kind) {
    case FlagKind::boolean: return {};
    case FlagKind::integer: return "=<int>";
    case FlagKind::duration: return "=<duration>";
    case FlagKind::map: return "=<key=value>";
    case FlagKind::text:
    case FlagKind::list: return flag.choices.empty() ? "=<string>" : fmt::format("=<{}>", flag.choices);
  }
  return {};
}

std::string flag_help(const FlagSpec& flag) {
  std::string out = "  ";
  if (!flag.alias.empty()) out += fmt::format("-{}{}, ", flag.alias, value_name(flag));
  out += fmt::format("-{}{}\n", flag.name, value_name(flag));
  std::string text(flag.help);
  if (!flag.fallback.empty() && flag.kind != FlagKind::boolean) text += fmt::format(" The default is {}.", flag.fallback);
  if (!flag.variable.empty()) text += fmt::format(" Also set by VAULT_{}.", flag.variable);
  return out + wrap_words(text, 6) + "\n";
}

// As the reference page names it, with its short form.
std::string flag_name(const FlagSpec& flag) {
  return fmt::format("{}`-{}{}`", flag.alias.empty() ? "" : fmt::format("`-{}`, ", flag.alias), flag.name, value_name(flag));
}

std::string flags_help(const FlagGroup& group) {
  std::string out = fmt::format("{}:\n", group.heading);
  for (const FlagSpec& flag : group.flags)
    if (!flag.hidden) out += "\n" + flag_help(flag);
  return out;
}

std::string members_help(const World& world, std::string_view group, std::string_view heading) {
  std::vector<Row> rows;
  for (const CommandSpec& command : command_table()) {
    const bool member = group.empty() ? command.name.find(' ') == std::string_view::npos : is_member(command, group);
    if (member && visible(world, command) && !command.name.starts_with("__"))
      rows.push_back({std::string(group.empty() ? command.name : command.name.substr(group.size() + 1)), std::string(command.summary)});
  }
  std::sort(rows.begin(), rows.end());
  std::string out = std::string(heading) + "\n";
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, row[0].size());
  for (const Row& row : rows) out += fmt::format("    {:<{}}    {}\n", row[0], width, row[1]);
  return out;
}

constexpr std::string_view connection_heading = "HTTP Options";
constexpr std::string_view first_steps =
    "  Keeps secrets, and serves them to any client of the Vault API.\n\n"
    "      $ coffer server -dev -dev-root-token-id=root    # a server to try it with, in memory\n"
    "      $ coffer set secret/app user=ann password=-     # \"-\" reads the value from stdin\n"
    "      $ coffer get secret/app\n"
    "      $ coffer run secret/app -- ./serve              # with the fields in its environment\n"
    "      $ coffer help kv put                            # any command, with examples\n\n";
constexpr std::string_view common[] = {"read", "write", "delete", "list", "login", "server", "status", "unwrap", "get", "set", "run"};

}  // namespace

bool visible(const World& world, const CommandSpec& command) {
  return command.audience == Audience::everyone || world.persona == Persona::coffer;
}

const CommandSpec* find_command(const World& world, std::string_view name) {
  for (const CommandSpec& command : command_table())
    if (command.name == name && visible(world, command)) return &command;
  return nullptr;
}

std::string command_help(const World& world, const CommandSpec& command) {
  const bool group = command.handler == nullptr;
  std::string out =
      fmt::format("Usage: {} {}{}{}\n\n", world.program(), command.name, group ? " <subcommand> [options] [args]" : " [options]",
                  command.arguments.empty() || group ? "" : fmt::format(" {}", command.arguments));
  if (!command.examples.empty() && !group) {
    for (const Example& example : command.examples)
      out += fmt::format("{}:\n\n      $ {} {}\n\n", wrap_words(example.what, 2), world.program(), example.command);
  }
  out += wrap_words(command.description.empty() ? fmt::format("{}.", command.summary) : std::string(command.description), 2) + "\n";
  if (group) return out + "\n" + members_help(world, command.name, "Subcommands:");
  std::vector<FlagGroup> groups = shared_flags(command.groups);
  if (world.persona != Persona::coffer) {
    if (!command.flags.empty()) groups.push_back({"Command Options", command.flags});
    for (const FlagGroup& flags : groups) out += "\n" + flags_help(flags);
    return out;
  }
  // What is particular to the command comes first; what nearly all take is named, and explained elsewhere.
  if (!command.flags.empty()) groups.insert(groups.begin(), FlagGroup{"Options", command.flags});
  for (const FlagGroup& flags : groups)
    if (flags.heading != connection_heading) out += "\n" + flags_help(flags);
  if ((command.groups & http_flags) != 0)
    out += "\n" +
           wrap_words(
               "How to reach the server, and as whom: -address, -ca-cert, -namespace, -wrap-ttl, -output-curl-string and others, explained "
               "by \"coffer help "
               "options\".") +
           "\n";
  return out;
}

std::string options_help() {
  std::string out =
      "Options of all commands that ask a server. Flags go before environment variables; each variable may also begin with COFFER_ or "
      "BAO_.\n";
  out = wrap_words(out) + "\n";
  for (const FlagGroup& flags : shared_flags(http_flags | format_flag | field_flag | detailed_flag | confirm_flag))
    out += "\n" + flags_help(flags);
  return out;
}

std::string program_help(const World& world) {
  std::string out = fmt::format("Usage: {} <command> [args]\n\n{}Common commands:\n", world.program(),
                                world.persona == Persona::coffer ? first_steps : "");
  for (const std::string_view name : common)
    if (const CommandSpec* command = find_command(world, name)) out += fmt::format("    {:<14} {}\n", name, command->summary);
  out += "\nOther commands:\n";
  std::vector<Row> rows;
  for (const CommandSpec& command : command_table()) {
    const bool top = command.name.find(' ') == std::string_view::npos;
    const bool shown = std::find(std::begin(common), std::end(common), command.name) != std::end(common);
    if (top && !shown && visible(world, command) && !command.name.starts_with("__"))
      rows.push_back({std::string(command.name), std::string(command.summary)});
  }
  std::sort(rows.begin(), rows.end());
  for (const Row& row : rows) out += fmt::format("    {:<14} {}\n", row[0], row[1]);
  return out;
}

std::string reference_markdown() {
  const World world{};
  std::string out =
      "# The command line\n\nMade from the table of commands by `coffer docs cli`; edit the table, not this page. Flags may be written "
      "`-x` or "
      "`--x`, with the value\nafter `=` or in the next word, before or behind the arguments. Commands marked *coffer* are not there when "
      "the program is "
      "called\n`vault` or `bao`.\n";
  for (const FlagGroup& group : shared_flags(http_flags | format_flag | field_flag | detailed_flag | confirm_flag)) {
    out += fmt::format("\n## {}\n\n", group.heading);
    for (const FlagSpec& flag : group.flags)
      if (!flag.hidden)
        out += fmt::format("- {}: {}{}\n", flag_name(flag), flag.help,
                           flag.variable.empty() ? "" : fmt::format(" (`COFFER_{0}`, `BAO_{0}`, `VAULT_{0}`)", flag.variable));
  }
  out += "\n## Commands\n";
  std::vector<const CommandSpec*> commands;
  for (const CommandSpec& command : command_table()) commands.push_back(&command);
  std::sort(commands.begin(), commands.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  for (const CommandSpec* command : commands) {
    if (command->handler == nullptr || command->name.starts_with("__")) continue;
    out += fmt::format("\n### coffer {}{}\n\n", command->name, command->arguments.empty() ? "" : fmt::format(" {}", command->arguments));
    out += command->description.empty() ? fmt::format("{}.", command->summary) : std::string(command->description);
    out += command->audience == Audience::coffer ? " *(coffer)*\n" : "\n";
    if (!command->examples.empty()) {
      out += "\n```sh\n";
      for (const Example& example : command->examples) out += fmt::format("# {}\ncoffer {}\n", example.what, example.command);
      out += "```\n";
    }
    if (!command->flags.empty()) out.push_back('\n');
    for (const FlagSpec& flag : command->flags)
      if (!flag.hidden) out += fmt::format("- {}: {}\n", flag_name(flag), flag.help);
  }
  return out;
}

}  // namespace coffer::cli
