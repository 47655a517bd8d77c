#include "cli/cli.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include "cli/commands/denial.h"
#include "cli/completion.h"
#include "cli/completion_install.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "cli/version.h"

namespace coffer::cli {
namespace {

Persona persona_of(std::string_view program) {
  const std::size_t slash = program.rfind('/');
  if (slash != std::string_view::npos) program.remove_prefix(slash + 1);
  return program == "vault" ? Persona::vault : program == "bao" ? Persona::bao : Persona::coffer;
}

bool is_help_flag(std::string_view word) { return word == "-h" || word == "-help" || word == "--help"; }

// Flags in front of the command's name ("vault -address=... read x") are moved behind it.
std::vector<std::string> flags_behind_command(std::span<const std::string> words) {
  CommandSpec any{};
  any.groups = http_flags | format_flag | field_flag | detailed_flag;
  const std::vector<FlagSpec> flags = all_flags(any);
  std::size_t first = 0;
  while (first < words.size() && words[first].size() > 1 && words[first][0] == '-') {
    const std::string& word = words[first++];
    const std::string_view name = std::string_view(word).substr(word[1] == '-' ? 2 : 1);
    if (name.find('=') != std::string_view::npos) continue;
    for (const FlagSpec& flag : flags)
      if (flag.name == name && flag.kind != FlagKind::boolean && first < words.size()) ++first;
  }
  const auto middle = words.begin() + static_cast<std::ptrdiff_t>(first);
  std::size_t name_words = 0;
  while (first + name_words < words.size() && !words[first + name_words].starts_with('-')) ++name_words;
  std::vector<std::string> out(middle, middle + static_cast<std::ptrdiff_t>(name_words));
  out.insert(out.end(), words.begin(), middle);
  out.insert(out.end(), middle + static_cast<std::ptrdiff_t>(name_words), words.end());
  return out;
}

// The command with the most words that `words` begins with.
const CommandSpec* resolve(const World& world, std::span<const std::string> words, std::size_t& used) {
  const CommandSpec* best = nullptr;
  std::string name;
  for (std::size_t i = 0; i < words.size() && !words[i].starts_with('-'); ++i) {
    name += (i == 0 ? "" : " ") + words[i];
    const CommandSpec* found = find_command(world, name);
    if (found == nullptr) break;
    best = found;
    used = i + 1;
  }
  return best;
}

std::string did_you_mean(const World& world, std::string_view group, std::string_view word) {
  std::vector<std::string_view> names;
  for (const CommandSpec& command : command_table()) {
    if (!visible(world, command)) continue;
    std::string_view name = command.name;
    if (!group.empty()) {
      if (!name.starts_with(group) || name.size() <= group.size() || name[group.size()] != ' ') continue;
      name.remove_prefix(group.size() + 1);
    }
    names.push_back(name.substr(0, name.find(' ')));
  }
  return std::string(closest(word, names));
}

int unknown_command(World& world, std::string_view group, std::string_view word) {
  const std::string near = did_you_mean(world, group, word);
  const std::string prefix = group.empty() ? std::string() : std::string(group) + " ";
  world.console->error(fmt::format("Unknown command: {}{}", prefix, word));
  if (!near.empty()) world.console->note(fmt::format("Did you mean \"{} {}{}\"?", world.program(), prefix, near));
  world.console->note(fmt::format("Run \"{} {}--help\" for the commands there are.", world.program(), prefix));
  return world.persona == Persona::coffer ? exit_local : 127;
}

int report(World& world, const Failure& failure, Context* context = nullptr) {
  Console& console = *world.console;
  if (!failure.output.empty()) console.line(failure.output);
  if (!failure.text.empty()) console.error(failure.text);
  if (failure.denial && context != nullptr && context->friendly())
    if (const Expected<Client*> client = context->client())
      if (const std::string why = explain_denial(**client, *failure.denial); !why.empty()) console.note(why);
  if (!failure.next.empty() && world.persona == Persona::coffer) console.note("Next: " + failure.next);
  return failure.exit_code;
}

// The number of positional arguments that the table allows, in Vault's words.
Expected<void> check_count(const CommandSpec& command, std::size_t count) {
  const auto have = static_cast<int>(count);
  const bool range = command.most != command.least;
  std::string expected = std::to_string(command.least);
  if (command.most < 0) expected = command.least == 0 ? "any" : fmt::format("at least {}", command.least);
  else if (range) expected = fmt::format("{}-{}", command.least, command.most);
  const std::string next = fmt::format("usage: coffer {} {}", command.name, command.arguments);
  if (have < command.least) return usage_error(fmt::format("Not enough arguments (expected {}, got {})", expected, have), next);
  if (command.most >= 0 && have > command.most) return usage_error(fmt::format("Too many arguments (expected {}, got {})", expected, have), next);
  return {};
}

int run_command(World& world, const CommandSpec& command, std::span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") break;
    if (is_help_flag(word)) {
      world.console->write_out(command_help(world, command));
      return exit_ok;
    }
  }
  Expected<ParsedArguments> parsed = parse_flags(command, words, world.environment);
  if (!parsed) return report(world, parsed.error());
  if (parsed->flags.boolean("no-color")) world.console->colours = false;
  if (const Expected<void> fits = check_count(command, parsed->arguments.size()); !fits) return report(world, fits.error());
  Context context(world, command, std::move(*parsed));
  const Expected<int> code = command.handler(context);
  return code ? *code : report(world, code.error(), &context);
}

// Prints what fits the line that a shell asks about.
int offer(World& world, std::vector<std::string> words) {
  const CommandSpec& command = *find_command(world, "__complete");
  words.insert(words.begin(), "--");
  Expected<ParsedArguments> parsed = parse_flags(command, words, world.environment);
  if (!parsed) return exit_local;
  Context context(world, command, std::move(*parsed));
  for (const std::string& one : completions(context)) world.console->line(std::string(offered_part(world.environment, one, words.back())));
  return exit_ok;
}

// "-autocomplete-install" and "-autocomplete-uninstall"; nothing for another word.
std::optional<int> set_up_completion(World& world, std::string_view word) {
  while (word.starts_with('-')) word.remove_prefix(1);
  if (word != "autocomplete-install" && word != "autocomplete-uninstall") return std::nullopt;
  const Expected<int> code = word == "autocomplete-install" ? install_completion(world) : uninstall_completion(world);
  return code ? *code : report(world, code.error());
}

bool colours_wanted(const World& world) {
  const Environment& environment = world.environment;
  return world.console->err_is_terminal() && environment.variable("NO_COLOR").empty() && environment.variable("TERM") != "dumb" &&
         environment.setting("CLI_NO_COLOR").empty();
}

}  // namespace

int run(World& world, std::span<const std::string> given) {
  world.console->colours = colours_wanted(world);
  if (auto words = words_to_complete(world.environment)) return offer(world, *std::move(words));
  if (!given.empty() && given[0].starts_with('-'))
    if (const auto code = set_up_completion(world, given[0])) return *code;
  if (!given.empty() && (given[0] == "-v" || given[0] == "-version" || given[0] == "--version")) {
    world.console->line(version_text(world.persona));
    return exit_ok;
  }
  if (given.empty() || is_help_flag(given[0])) {
    const std::string help = program_help(world);
    if (given.empty()) world.console->write_err(help);
    else world.console->write_out(help);
    return given.empty() ? (world.persona == Persona::coffer ? exit_ok : 127) : exit_ok;
  }
  const std::vector<std::string> words = flags_behind_command(given);
  std::size_t used = 0;
  const CommandSpec* command = resolve(world, words, used);
  if (command == nullptr) return unknown_command(world, "", words.empty() ? "" : words[0]);
  const std::span<const std::string> rest = std::span(words).subspan(used);
  if (command->handler != nullptr) return run_command(world, *command, rest);
  // Of a group with a word that is none of its commands Vault's command shows the group.
  if (!rest.empty() && !rest[0].starts_with('-') && world.persona == Persona::coffer) return unknown_command(world, command->name, rest[0]);
  const bool asked = !rest.empty() && is_help_flag(rest[0]);
  const std::string help = command_help(world, *command);
  if (asked) world.console->write_out(help);
  else world.console->write_err(help);
  return asked ? exit_ok : exit_local;
}

int run(int argc, char** argv) {
  // No core file of a process that held a secret, and no other process of the user may read its memory.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  World world{};
  world.persona = persona_of(argc > 0 ? argv[0] : "");
  world.console = &system_console();
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  return run(world, words);
}

}  // namespace coffer::cli
