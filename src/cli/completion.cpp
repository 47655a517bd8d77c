#include "cli/completion.h"

#include <fmt/format.h>

#include "cli/commands/kv_path.h"
#include "cli/help.h"

namespace coffer::cli {
namespace {

constexpr std::string_view bash_script = R"shell(# bash completion for PROGRAM
_PROGRAM_complete() {
  local words=("${COMP_WORDS[@]:1:COMP_CWORD}") current=${COMP_WORDS[COMP_CWORD]} IFS=$'\n' offers
  # bash takes -flag=value apart at the '=': what is offered is only the part behind it.
  offers=$(PROGRAM __complete -- "${words[@]}" 2>/dev/null)
  if [[ $current == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
    offers=$(sed 's/^[^=]*=//' <<<"$offers")
    [[ $current == = ]] && current=
  fi
  COMPREPLY=($(compgen -W "$offers" -- "$current"))
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ || ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _PROGRAM_complete PROGRAM
)shell";

constexpr std::string_view zsh_script = R"shell(#compdef PROGRAM
# zsh completion for PROGRAM
_PROGRAM_complete() {
  local -a offers
  offers=("${(@f)$(PROGRAM __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  offers=(${offers:#})
  if (( ${#offers} )); then
    compadd -S '' -- ${(M)offers:#*[/=]}
    compadd -- ${offers:#*[/=]}
  else
    _files
  fi
}
compdef _PROGRAM_complete PROGRAM
)shell";

constexpr std::string_view fish_script = R"shell(# fish completion for PROGRAM
function __PROGRAM_complete
  set -l words (commandline -opc) (commandline -ct)
  PROGRAM __complete -- $words[2..] 2>/dev/null
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
)shell";

// What is typed up to now.
struct Typed {
  std::vector<std::string> words;  // finished
  std::string last;                // being typed
};

std::vector<std::string> member_names(const World& world, std::string_view group) {
  std::vector<std::string> out;
  for (const CommandSpec& command : command_table()) {
    std::string_view name = command.name;
    if (!visible(world, command) || name.starts_with("__")) continue;
    if (!group.empty()) {
      if (!name.starts_with(group) || name.size() <= group.size() || name[group.size()] != ' ') continue;
      name.remove_prefix(group.size() + 1);
    }
    if (name.find(' ') == std::string_view::npos) out.emplace_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::vector<std::string> flag_offers(const CommandSpec& command, const std::string& last) {
  std::vector<std::string> out;
  const std::string dashes = last.starts_with("--") ? "--" : "-";
  const std::size_t equals = last.find('=');
  for (const FlagSpec& flag : all_flags(command)) {
    if (flag.hidden) continue;
    const std::string name = dashes + std::string(flag.name);
    if (equals == std::string::npos) out.push_back(flag.kind == FlagKind::boolean ? name : name + "=");
    else if (last.substr(0, equals) == name)
      for (const std::string& choice : split(flag.choices, '|')) out.push_back(name + "=" + choice);
  }
  return out;
}

// Names on the server; none when it does not answer in time, or says no.
std::vector<std::string> keys_at(Client& client, const std::string& path) {
  std::vector<std::string> keys;
  if (const Reply<MaybeAnswer> answer = client.list(path)) (void)list_keys(*answer, keys);
  return keys;
}

std::vector<std::string> mount_names(Client& client, std::string_view kind) {
  std::vector<std::string> out;
  const Reply<MaybeAnswer> answer = client.read("sys/internal/ui/mounts");
  if (!answer || !*answer) return out;
  for (const auto& member : member_of((*answer)->data(), kind).members()) out.emplace_back(member.key);
  return out;
}

std::vector<std::string> path_offers(Client& client, const std::string& mount_flag, const std::string& last) {
  const std::size_t slash = last.rfind('/');
  const std::string folder = slash == std::string::npos ? std::string() : last.substr(0, slash + 1);
  if (folder.empty() && mount_flag.empty()) return mount_names(client, "secret");
  std::vector<std::string> out;
  const Expected<KvTarget> target = kv_target_at(client, mount_flag, folder);
  if (!target) return out;
  for (const std::string& key : keys_at(client, target->api("metadata"))) out.push_back(folder + key);
  return out;
}

std::vector<std::string> argument_offers(Context& context, const CommandSpec& command, const Typed& typed) {
  Expected<Client*> client = context.client();
  if (!client) return {};
  std::string mount_flag;
  for (const std::string& word : typed.words)
    for (const std::string_view prefix : {"-mount=", "--mount="})
      if (word.starts_with(prefix)) mount_flag = word.substr(prefix.size());
  switch (command.completes) {
    case Completes::secret_path:
    case Completes::folder: return path_offers(**client, mount_flag, typed.last);
    case Completes::mount: return mount_names(**client, "secret");
    case Completes::auth_mount: return mount_names(**client, "auth");
    case Completes::policy: return keys_at(**client, "sys/policies/acl");
    case Completes::command: return member_names(context.world, "");
    case Completes::nothing:
    case Completes::file: return {};
  }
  return {};
}

// "-format", "=", "js" as bash gives them, into one word again.
std::vector<std::string> joined_at_equals(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  bool open = false;
  for (const std::string& word : words) {
    if (!out.empty() && (word == "=" || open)) out.back() += word;
    else out.push_back(word);
    open = word == "=" && out.back().starts_with('-');
  }
  return out;
}

}  // namespace

std::string completion_script(const World& world, std::string_view shell) {
  std::string_view script = shell == "bash" ? bash_script : shell == "zsh" ? zsh_script : shell == "fish" ? fish_script : std::string_view();
  std::string out;
  for (std::size_t at = 0; at < script.size();) {
    const std::size_t found = std::min(script.find("PROGRAM", at), script.size());
    out += script.substr(at, found - at);
    if (found < script.size()) out += world.program();
    at = found + 7;
  }
  return out;
}

std::vector<std::string> completions(Context& context) {
  // Whoever presses Tab does not wait for a server that is away.
  context.world.make_transport = [make = context.world.make_transport](ConnectionOptions options) {
    options.timeout = std::min(options.timeout, std::chrono::milliseconds(300));
    options.max_retries = 0;
    return make(std::move(options));
  };
  Typed typed;
  typed.words = joined_at_equals(context.arguments);
  if (!typed.words.empty()) {
    typed.last = typed.words.back();
    typed.words.pop_back();
  }
  std::string name;
  const CommandSpec* command = nullptr;
  for (const std::string& word : typed.words) {
    if (word.starts_with('-')) continue;
    const std::string longer = name.empty() ? word : name + " " + word;
    const CommandSpec* found = find_command(context.world, longer);
    if (found == nullptr) break;
    command = found;
    name = longer;
  }
  std::vector<std::string> offers;
  if (command == nullptr || command->handler == nullptr) offers = member_names(context.world, name);
  else if (typed.last.starts_with('-')) offers = flag_offers(*command, typed.last);
  else offers = argument_offers(context, *command, typed);
  std::erase_if(offers, [&](const std::string& offer) { return !offer.starts_with(typed.last); });
  return offers;
}

}  // namespace coffer::cli
