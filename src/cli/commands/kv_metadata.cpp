#include <fmt/format.h>

#include "cli/commands/kv_path.h"

namespace coffer::cli {
namespace {

Expected<KvTarget> v2_target(Context& context, Client& client) {
  KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  if (!target.v2) return usage_error("Metadata not supported on KV Version 1");
  return target;
}

// The object without its member "versions".
std::string without_versions(json::Value data) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  for (const auto& member : data.members())
    if (member.key != "versions") writer.key(member.key).raw(member.value.raw());
  writer.end_object();
  return out;
}

Expected<int> print_metadata(Context& context, const Answer& answer, const std::string& path) {
  const json::Value versions = member_of(answer.data(), "versions");
  if (!versions.is_object()) return stop(exit_server, "No value found at " + path);
  const Result<json::Document> rest = json::Document::parse(without_versions(answer.data()));
  if (!rest) return stop(exit_server, rest.error().message);
  print_path_header(context, path, "Metadata Path");
  context.console.line(header_for("Metadata", rest->root()));
  CHECK_OK(output_value(context, rest->root()));
  std::vector<json::Value::Member> sorted = versions.members();
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.key.size() != b.key.size() ? a.key.size() < b.key.size() : a.key < b.key;
  });
  for (const auto& version : sorted) {
    context.console.line("\n" + header_for(fmt::format("Version {}", version.key), version.value));
    CHECK_OK(output_value(context, version.value));
  }
  return exit_ok;
}

Expected<int> get(Context& context) {
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(v2_target(context, client));
  const std::string path = target.api("metadata");
  Reply<MaybeAnswer> answer = client.read(path);
  if (!answer) return std::unexpected(failed(fmt::format("Error reading {}: ", path), std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No value found at " + path);
  if (!context.field().empty()) return output_field(context, **answer, context.field());
  if ((*answer)->is_wrapped() || !context.is_table()) return output_answer(context, **answer);
  print_warnings(context, **answer);
  return print_metadata(context, **answer, path);
}

std::string settings_body(const Context& context, bool patch) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (const std::int64_t most = context.flags.integer("max-versions", -1); most >= 0) writer.key("max_versions").integer(most);
  if (context.flags.given("delete-version-after")) {
    const Duration after = context.flags.duration("delete-version-after", Duration(-1));
    if (after >= Duration::zero()) writer.key("delete_version_after").string(go_duration(after));
  }
  if (context.flags.given("cas-required")) writer.key("cas_required").boolean(context.flags.boolean("cas-required"));
  Fields custom;
  for (const auto& [name, value] : context.flags.map("custom-metadata")) custom[name] = json::quoted(value);
  if (patch)
    for (const std::string& name : context.flags.list("remove-custom-metadata")) custom[name] = "null";
  if (!custom.empty()) writer.key("custom_metadata").raw(to_json(custom));
  writer.end_object();
  return body;
}

Expected<int> put(Context& context) {
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(v2_target(context, client));
  const std::string path = target.api("metadata");
  return output_written(context, client.write(path, settings_body(context, false)), path);
}

Expected<int> patch(Context& context) {
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(v2_target(context, client));
  const std::string path = target.api("metadata");
  return output_written(context, client.patch(path, settings_body(context, true)), path);
}

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(v2_target(context, client));
  const std::string path = target.api("metadata");
  return output_deleted(context, client.remove(path), path);
}

}  // namespace

void add_kv_metadata_commands(std::vector<CommandSpec>& table) {
  const FlagSpec mount = kv_mount_flag();
  const std::vector<FlagSpec> settings{
      {"max-versions", FlagKind::integer, "How many versions to keep; 0: as many as the mount says.", "-1"},
      {"cas-required", FlagKind::boolean, "Whether writes must name the version that they replace."},
      {"delete-version-after", FlagKind::duration, "How long a version lives, such as 3h25m19s."},
      {"custom-metadata", FlagKind::map, "Metadata of your own, as key=value; several times for several."},
      mount,
  };
  std::vector<FlagSpec> patched = settings;
  patched.push_back({"remove-custom-metadata", FlagKind::list, "Key of your own metadata to remove; several times for several."});
  const auto add = [&](std::string_view name, std::string_view summary, std::string_view what, std::string_view example, std::vector<FlagSpec> flags,
                       FlagGroups groups, Handler handler) {
    CommandSpec command{name, "KEY", summary, {}, {{what, example}}, std::move(flags), groups, 1, 1, handler};
    command.completes = Completes::secret_path;
    table.push_back(std::move(command));
  };
  table.push_back({"kv metadata", "", "Interact with the metadata of secrets"});
  add("kv metadata get", "Print a secret's metadata and versions", "All versions", "kv metadata get -mount=secret app", {mount},
      http_flags | format_flag | field_flag, get);
  add("kv metadata put", "Set a secret's settings", "Keep five versions", "kv metadata put -mount=secret -max-versions=5 app", settings,
      http_flags | format_flag, put);
  add("kv metadata patch", "Change some of a secret's settings", "Note the owner", "kv metadata patch -mount=secret -custom-metadata=owner=maya app", patched,
      http_flags | format_flag, patch);
  add("kv metadata delete", "Delete a secret with all its versions", "For good", "kv metadata delete -mount=secret app", {mount}, http_flags | format_flag,
      remove);
}

}  // namespace coffer::cli
