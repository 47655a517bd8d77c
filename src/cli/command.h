#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "cli/failure.h"

// The one table of commands (docs/adr/: "one command table"): parsing, --help, completion and docs/reference/cli.md are derived from it.
namespace coffer::cli {

class Context;
using Handler = Expected<int> (*)(Context&);

enum class FlagKind : std::uint8_t {
  boolean,   // -x, -x=false
  text,      // -x=value, -x value
  integer,
  duration,  // 90, 90s, 1h30m
  list,      // may stand several times
  map,       // key=value, may stand several times
};

// One flag. Views are of string literals.
struct FlagSpec {
  std::string_view name;
  FlagKind kind = FlagKind::boolean;
  std::string_view help;
  std::string_view fallback = {};  // the default, as help shows it
  std::string_view variable = {};  // environment variable without its prefix: "ADDR"
  std::string_view alias = {};     // a second name
  std::string_view choices = {};   // what may be given, separated by '|'; for completion and help, "" for anything
  bool hidden = false;
};

struct Example {
  std::string_view what;     // a sentence without its full stop
  std::string_view command;  // without the program's name: "kv get -mount=secret app"
};

// Which of the shared flags a command takes; a set of bits.
using FlagGroups = unsigned;
inline constexpr FlagGroups http_flags = 1, format_flag = 2, field_flag = 4, detailed_flag = 8, confirm_flag = 16;

// What completion offers for the positional arguments.
enum class Completes : std::uint8_t { nothing, secret_path, folder, file, mount, auth_mount, policy, command };

// Who has the command: Vault's own are there under every name of the program, the friendly ones under the name coffer only.
enum class Audience : std::uint8_t { everyone, coffer };

// One command, or a group of them when it has no handler.
struct CommandSpec {
  std::string_view name;       // the words: "kv metadata get"
  std::string_view arguments;  // "KEY [K=V...]"
  std::string_view summary;    // a phrase for lists of commands
  std::string_view description = {};
  std::vector<Example> examples = {};
  std::vector<FlagSpec> flags = {};
  FlagGroups groups = 0;
  int least = 0;  // positional arguments
  int most = 0;   // -1: any number
  Handler handler = nullptr;
  Audience audience = Audience::everyone;
  Completes completes = Completes::nothing;
};

// All commands, groups before their members.
[[nodiscard]] const std::vector<CommandSpec>& command_table();
// The flags that `groups` stands for, under the headings that help shows.
struct FlagGroup {
  std::string_view heading;
  std::vector<FlagSpec> flags;
};
[[nodiscard]] std::vector<FlagGroup> shared_flags(FlagGroups groups);
// All flags of a command, its own first.
[[nodiscard]] std::vector<FlagSpec> all_flags(const CommandSpec& command);

// Each topic adds its commands (commands/*.cpp, friendly/*.cpp).
void add_basic_commands(std::vector<CommandSpec>& table);
void add_login_commands(std::vector<CommandSpec>& table);
void add_kv_commands(std::vector<CommandSpec>& table);
void add_kv_metadata_commands(std::vector<CommandSpec>& table);
void add_secrets_commands(std::vector<CommandSpec>& table);
void add_auth_commands(std::vector<CommandSpec>& table);
void add_token_commands(std::vector<CommandSpec>& table);
void add_lease_commands(std::vector<CommandSpec>& table);
void add_policy_commands(std::vector<CommandSpec>& table);
void add_audit_commands(std::vector<CommandSpec>& table);
void add_operator_commands(std::vector<CommandSpec>& table);
void add_rekey_commands(std::vector<CommandSpec>& table);
void add_generate_root_commands(std::vector<CommandSpec>& table);
void add_plugin_commands(std::vector<CommandSpec>& table);
void add_namespace_commands(std::vector<CommandSpec>& table);
void add_monitor_commands(std::vector<CommandSpec>& table);
void add_aws_commands(std::vector<CommandSpec>& table);
void add_program_commands(std::vector<CommandSpec>& table);
void add_friendly_commands(std::vector<CommandSpec>& table);

}  // namespace coffer::cli
