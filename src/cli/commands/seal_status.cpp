#include "cli/commands/seal_status.h"

#include <fmt/format.h>

namespace coffer::cli {
namespace {

bool is_true(json::Value object, std::string_view name) { return member_of(object, name).as_bool(); }

// What sys/leader adds to a seal-status body.
struct Leader {
  bool ha_enabled = false, is_self = false;
  std::string address, cluster_address, active_time;
  std::int64_t raft_committed = 0, raft_applied = 0;
};

Leader leader_of(json::Value body) {
  Leader leader;
  leader.ha_enabled = is_true(body, "ha_enabled");
  leader.is_self = is_true(body, "is_self");
  leader.address = text_of(body, "leader_address");
  leader.cluster_address = text_of(body, "leader_cluster_address");
  leader.active_time = text_of(body, "active_time");
  if (leader.active_time.starts_with("0001-01-01")) leader.active_time.clear();
  leader.raft_committed = member_of(body, "raft_committed_index").as_int().value_or(0);
  leader.raft_applied = member_of(body, "raft_applied_index").as_int().value_or(0);
  return leader;
}

void add_ha_rows(const Leader& leader, bool sealed, std::vector<Row>& rows) {
  rows.push_back({"HA Enabled", leader.ha_enabled ? "true" : "false"});
  if (leader.ha_enabled && !sealed) {
    rows.push_back({"HA Cluster", leader.cluster_address});
    rows.push_back({"HA Mode", leader.is_self ? "active" : "standby"});
    if (leader.is_self && !leader.active_time.empty()) rows.push_back({"Active Since", leader.active_time});
    if (!leader.is_self) rows.push_back({"Active Node Address", leader.address.empty() ? "<none>" : leader.address});
  }
  if (leader.raft_committed > 0) rows.push_back({"Raft Committed Index", std::to_string(leader.raft_committed)});
  if (leader.raft_applied > 0) rows.push_back({"Raft Applied Index", std::to_string(leader.raft_applied)});
}

std::vector<Row> status_rows(json::Value status, const Leader& leader) {
  const bool sealed = is_true(status, "sealed");
  const bool recovery = is_true(status, "recovery_seal");
  std::vector<Row> rows{{"Key", "Value"}, {"Seal Type", text_of(status, "type")}};
  if (recovery) {
    const std::string type = text_of(status, "recovery_seal_type");
    rows.push_back({"Recovery Seal Type", type.empty() ? "shamir" : type});
  }
  rows.push_back({"Initialized", is_true(status, "initialized") ? "true" : "false"});
  rows.push_back({"Sealed", sealed ? "true" : "false"});
  rows.push_back({recovery ? "Total Recovery Shares" : "Total Shares", go_value(member_of(status, "n"))});
  rows.push_back({"Threshold", go_value(member_of(status, "t"))});
  if (sealed) {
    rows.push_back({"Unseal Progress", fmt::format("{}/{}", go_value(member_of(status, "progress")), go_value(member_of(status, "t")))});
    rows.push_back({"Unseal Nonce", text_of(status, "nonce")});
  }
  if (is_true(status, "migration")) rows.push_back({"Seal Migration in Progress", "true"});
  const auto add = [&](const char* heading, std::string_view name) {
    if (const std::string text = text_of(status, name); !text.empty()) rows.push_back({heading, text});
  };
  add("Version", "version");
  add("Build Date", "build_date");
  add("Storage Type", "storage_type");
  if (!text_of(status, "cluster_name").empty() && !text_of(status, "cluster_id").empty()) {
    add("Cluster Name", "cluster_name");
    add("Cluster ID", "cluster_id");
  }
  add_ha_rows(leader, sealed, rows);
  return rows;
}

std::string status_json(json::Value status, const Leader& leader) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  for (const auto& member : status.members()) writer.key(member.key).raw(member.value.raw());
  writer.key("ha_enabled").boolean(leader.ha_enabled);
  if (leader.is_self) writer.key("is_self").boolean(true);
  writer.key("active_time").string(leader.active_time.empty() ? "0001-01-01T00:00:00Z" : leader.active_time);
  if (!leader.address.empty()) writer.key("leader_address").string(leader.address);
  if (!leader.cluster_address.empty()) writer.key("leader_cluster_address").string(leader.cluster_address);
  if (leader.raft_committed > 0) writer.key("raft_committed_index").integer(leader.raft_committed);
  if (leader.raft_applied > 0) writer.key("raft_applied_index").integer(leader.raft_applied);
  writer.end_object();
  return out;
}

Expected<int> status(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.read("sys/seal-status");
  if (!answer) return std::unexpected(failed("Error checking seal status: ", std::move(answer).error(), exit_local));
  if (!*answer) return stop(exit_local, "Error checking seal status: the server gave no answer");
  const json::Value body = payload(**answer);
  CHECK_OK(output_seal_status(context, client, body));
  return is_true(body, "sealed") ? exit_server : exit_ok;
}

}  // namespace

Expected<int> output_seal_status(Context& context, Client& client, json::Value status) {
  Reply<MaybeAnswer> answer = client.read("sys/leader");
  Leader leader;
  if (answer && *answer) leader = leader_of(payload(**answer));
  else if (!answer && answer.error().mentions("Vault is sealed")) leader.ha_enabled = true;
  else if (!answer) return std::unexpected(failed("Error checking leader status: ", std::move(answer).error(), exit_local));
  if (!context.is_table()) return output_json(context, status_json(status, leader));
  context.console.line(table(status_rows(status, leader)));
  return exit_ok;
}

void add_status_command(std::vector<CommandSpec>& table) {
  table.push_back({"status", "", "Print seal and HA status",
                   "Prints the state of the server. The exit code is 0 when it is unsealed, 2 when it is sealed, 1 when it cannot be told.",
                   {{"Is the server up and unsealed", "status"}}, {}, http_flags | format_flag, 0, 0, status});
}

}  // namespace coffer::cli
