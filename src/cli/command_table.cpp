#include "cli/command.h"
#include "cli/commands/azure.h"

namespace coffer::cli {

const std::vector<CommandSpec>& command_table() {
  static const std::vector<CommandSpec> commands = [] {
    std::vector<CommandSpec> table;
    add_program_commands(table);
    add_basic_commands(table);
    add_login_commands(table);
    add_kv_commands(table);
    add_kv_metadata_commands(table);
    add_secrets_commands(table);
    add_auth_commands(table);
    add_token_commands(table);
    add_lease_commands(table);
    add_policy_commands(table);
    add_audit_commands(table);
    add_operator_commands(table);
    add_rekey_commands(table);
    add_generate_root_commands(table);
    add_plugin_commands(table);
    add_namespace_commands(table);
    add_monitor_commands(table);
    add_aws_commands(table);
    add_azure_commands(table);
    add_friendly_commands(table);
    return table;
  }();
  return commands;
}

}  // namespace coffer::cli
