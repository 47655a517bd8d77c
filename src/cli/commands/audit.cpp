#include <fmt/format.h>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

Expected<int> enable(Context& context) {
  if (context.arguments.empty())
    return usage_error("Error enabling audit device: audit type missing. Valid types include 'file', 'socket' and 'syslog'.");
  const std::string type = trim_space(context.arguments[0]);
  std::string path = context.flags.text("path");
  path = with_trailing_slash(path.empty() ? type : path);
  const auto options = parse_text_fields(context.arguments, 1, context.console);
  if (!options) return usage_error("Failed to parse K=V data: " + options.error().text);
  Client& client = *TRY(context.client());
  Fields texts;
  for (const auto& [name, value] : *options) texts[name] = json::quoted(value);
  std::string body;
  json::Writer(body)
      .begin_object()
      .key("type").string(type)
      .key("description").string(context.flags.text("description"))
      .key("options").raw(to_json(texts))
      .key("local").boolean(context.flags.boolean("local"))
      .end_object();
  Reply<MaybeAnswer> answer = client.write("sys/audit/" + trim_slashes(path), std::move(body));
  if (!answer) return std::unexpected(failed("Error enabling audit device: ", std::move(answer).error()));
  context.console.line(fmt::format("Success! Enabled the {} audit device at: {}", type, path));
  return exit_ok;
}

Expected<int> disable(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = with_trailing_slash(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.remove("sys/audit/" + trim_slashes(path));
  if (!answer) return std::unexpected(failed("Error disabling audit device: ", std::move(answer).error()));
  context.console.line("Success! Disabled audit device (if it was enabled) at: " + path);
  return exit_ok;
}

Expected<int> list(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.read("sys/audit");
  if (!answer) return std::unexpected(failed("Error listing audits: ", std::move(answer).error()));
  const json::Value devices = *answer ? (*answer)->data() : json::Value();
  if (!context.is_table()) {
    if (devices.is_object()) return output_value(context, devices);
    return output_json(context, "{}");
  }
  if (devices.size() == 0) {
    context.console.line("No audit devices are enabled.");
    return exit_server;
  }
  const bool detailed = context.flags.boolean("detailed");
  std::vector<Row> rows{detailed ? Row{"Path", "Type", "Description", "Replication", "Options"} : Row{"Path", "Type", "Description"}};
  for (const auto& [path, device] : sorted_members(devices)) {
    Row row{std::string(path), text_of(device, "type"), text_of(device, "description")};
    if (detailed) {
      row.emplace_back(member_of(device, "local").as_bool() ? "local" : "replicated");
      std::string options;
      for (const auto& option : sorted_members(member_of(device, "options")))
        options += fmt::format("{}{}={}", options.empty() ? "" : " ", option.key, go_value(option.value));
      row.push_back(std::move(options));
    }
    rows.push_back(std::move(row));
  }
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

}  // namespace

void add_audit_commands(std::vector<CommandSpec>& table) {
  table.push_back({"audit", "", "Interact with audit devices and logs"});
  table.push_back({"audit enable", "TYPE [K=V...]", "Enable an audit device", "Types are file, syslog and socket; K=V are the device's options.",
                   {{"To a file", "audit enable file file_path=/var/log/coffer/audit.log"}},
                   {{"description", FlagKind::text, "What it is for, for people to read."},
                    {"path", FlagKind::text, "Name of the device; its type when not given."},
                    {"local", FlagKind::boolean, "Keep it out of replication.", "false"}},
                   http_flags, 0, -1, enable});
  table.push_back({"audit disable", "PATH", "Disable an audit device", {}, {{"The device file/", "audit disable file"}}, {}, http_flags, 1, 1, disable});
  table.push_back({"audit list", "", "List enabled audit devices", {}, {}, {{"detailed", FlagKind::boolean, "Show options too.", "false"}},
                   http_flags | format_flag, 0, 0, list});
}

}  // namespace coffer::cli
