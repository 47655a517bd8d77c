#include "cli/command.h"

namespace coffer::cli {

// Each topic's own file.
void add_show_commands(std::vector<CommandSpec>& table);
void add_change_commands(std::vector<CommandSpec>& table);
void add_browse_commands(std::vector<CommandSpec>& table);
void add_move_commands(std::vector<CommandSpec>& table);
void add_edit_command(std::vector<CommandSpec>& table);
void add_run_command(std::vector<CommandSpec>& table);
void add_transfer_commands(std::vector<CommandSpec>& table);
void add_doctor_command(std::vector<CommandSpec>& table);
void add_audit_log_commands(std::vector<CommandSpec>& table);

void add_friendly_commands(std::vector<CommandSpec>& table) {
  add_show_commands(table);
  add_change_commands(table);
  add_edit_command(table);
  add_browse_commands(table);
  add_move_commands(table);
  add_run_command(table);
  add_transfer_commands(table);
  add_doctor_command(table);
  add_audit_log_commands(table);
}

}  // namespace coffer::cli
