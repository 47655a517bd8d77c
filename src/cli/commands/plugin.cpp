#include <fmt/format.h>

#include "cli/commands/common.h"
#include "cli/output/json_text.h"

namespace coffer::cli {
namespace {

Expected<int> list(Context& context) {
  const std::string type = context.arguments.empty() ? "" : trim_space(context.arguments[0]);
  if (!type.empty() && type != "auth" && type != "database" && type != "secret")
    return stop(exit_server, fmt::format("Error parsing type: \"{}\" is not a supported plugin type", type), "choose auth, database or secret");
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.read("sys/plugins/catalog");
  if (!answer) return std::unexpected(failed("Error listing available plugins: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No response from server when listing plugins");
  const json::Value data = payload(**answer);
  if (!context.is_table()) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const char* name : {"auth", "database", "secret"})
      if (type.empty() || type == name) writer.key(name).raw(compact_json(member_of(data, name), true));
    writer.key("details").begin_array();
    for (const json::Value& plugin : member_of(data, "detailed").elements())
      if (type.empty() || text_of(plugin, "type") == type) writer.raw(plugin.raw());
    writer.end_array().end_object();
    return output_json(context, out);
  }
  const bool detailed = context.flags.boolean("detailed");
  Row headings{"Name"};
  if (type.empty() || detailed) headings.emplace_back("Type");
  headings.emplace_back("Version");
  if (detailed) headings.emplace_back("Deprecation Status");
  std::vector<Row> rows{std::move(headings)};
  for (const json::Value& plugin : member_of(data, "detailed").elements()) {
    if (!type.empty() && text_of(plugin, "type") != type) continue;
    Row row{text_of(plugin, "name")};
    if (type.empty() || detailed) row.push_back(text_of(plugin, "type"));
    row.push_back(text_of(plugin, "version"));
    if (detailed) row.push_back(text_of(plugin, "deprecation_status"));
    rows.push_back(std::move(row));
  }
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

Expected<int> info(Context& context) {
  Client& client = *TRY(context.client());
  const std::string type = trim_space(context.arguments[0]), name = trim_space(context.arguments[1]);
  Query query;
  if (const std::string version = context.flags.text("version"); !version.empty()) query.emplace_back("version", version);
  Reply<MaybeAnswer> answer = client.read(fmt::format("sys/plugins/catalog/{}/{}", type, name), query);
  if (!answer) return std::unexpected(failed(fmt::format("Error reading plugin named {}: ", name), std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No plugin named: " + name);
  if (!context.field().empty()) return output_field(context, **answer, context.field());
  return output_value(context, payload(**answer));
}

}  // namespace

void add_plugin_commands(std::vector<CommandSpec>& table) {
  table.push_back({"plugin", "", "Interact with the plugin catalog"});
  table.push_back({"plugin list", "[TYPE]", "List available plugins", "TYPE is auth, database or secret.", {{"All secrets engines", "plugin list secret"}},
                   {{"detailed", FlagKind::boolean, "Show the deprecation status too.", "false"}}, http_flags | format_flag, 0, 1, list});
  table.push_back({"plugin info", "TYPE NAME", "Print information about a plugin", {}, {{"The KV engine", "plugin info secret kv"}},
                   {{"version", FlagKind::text, "Version of the plugin."}}, http_flags | format_flag | field_flag, 2, 2, info});
}

}  // namespace coffer::cli
