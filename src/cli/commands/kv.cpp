#include <fmt/format.h>

#include "cli/commands/kv_path.h"

namespace coffer::cli {
namespace {

// {"data":<fields>,"options":{"cas":n}}, without cas when it is negative.
std::string version_body(const std::string& data_json, std::string_view cas_json) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("data").raw(data_json).key("options").begin_object();
  if (!cas_json.empty()) writer.key("cas").raw(cas_json);
  writer.end_object().end_object();
  return out;
}

Expected<int> put(Context& context) {
  if (context.arguments.size() == 1) return usage_error("Must supply data");
  Client& client = *TRY(context.client());
  const Expected<Fields> data = parse_fields(context.arguments, 1, context.console);
  if (!data) return usage_error("Failed to parse K=V data: " + data.error().text);
  const KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  const std::string path = target.api("data");
  const std::int64_t cas = context.flags.integer("cas", -1);
  std::string body = to_json(*data);
  if (target.v2) body = version_body(body, cas >= 0 ? std::to_string(cas) : "");
  return output_version_written(context, client.write(path, std::move(body)), path, target.v2);
}

// -field of a secret: a field of its data; "data" itself is the whole data unless there is a field of that name.
Expected<int> output_secret_field(Context& context, const Answer& answer, bool v2, const std::string& path) {
  const std::string field = context.field();
  if (!v2) return output_field(context, answer, field);
  const json::Value data = member_of(answer.data(), "data");
  if (data.is_null()) return stop(exit_server, "No data found at " + path);
  if (field == "data" && member_of(data, "data").is_null()) return output_member(context, answer.data(), "data");
  return output_member(context, data, field);
}

Expected<int> get(Context& context) {
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  const std::string path = target.api("data");
  Reply<MaybeAnswer> answer = kv_read(client, path, target.v2 ? context.flags.integer("version", 0) : 0);
  if (!answer) return std::unexpected(failed(fmt::format("Error reading {}: ", path), std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No value found at " + path);
  if (!context.field().empty()) return output_secret_field(context, **answer, target.v2, path);
  if ((*answer)->is_wrapped() || !context.is_table()) return output_answer(context, **answer);
  print_warnings(context, **answer);
  const json::Value data = (*answer)->data();
  if (target.v2) print_path_header(context, path, "Secret Path");
  if (const json::Value metadata = member_of(data, "metadata"); metadata.is_object()) {
    context.console.line(header_for("Metadata", metadata));
    CHECK_OK(output_value(context, metadata));
    context.console.line("");
  }
  const json::Value shown = target.v2 ? member_of(data, "data") : data;
  if (!shown.is_object()) return exit_ok;
  context.console.line(header_for("Data", shown));
  return output_value(context, shown);
}

// Reads the current version, for a command that goes on from it. `verb` is "patch" or "rollback".
struct Current {
  Answer answer;
  json::Value metadata, data;
};
Expected<Current> read_current(Client& client, const std::string& path, std::string_view verb, bool need_data, std::int64_t version = 0) {
  const Client::Plain plain(client);
  Reply<MaybeAnswer> answer = kv_read(client, path, version);
  if (!answer) return std::unexpected(failed(fmt::format("Error doing pre-read at {}: ", path), std::move(answer).error()));
  if (!*answer || !(*answer)->data().is_object()) return stop(exit_server, "No value found at " + path);
  Current current;
  current.answer = std::move(**answer);
  current.metadata = member_of(current.answer.data(), "metadata");
  current.data = member_of(current.answer.data(), "data");
  if (!current.metadata.is_object()) return stop(exit_server, fmt::format("No metadata found at {}; {} only works on existing data", path, verb));
  if (version > 0) {
    if (!text_of(current.metadata, "deletion_time").empty()) return stop(exit_server, "Cannot roll back to a version that has been deleted");
    if (member_of(current.metadata, "destroyed").as_bool()) return stop(exit_server, "Cannot roll back to a version that has been destroyed");
  }
  if (need_data && !current.data.is_object()) return stop(exit_server, fmt::format("No data found at {}; {} only works on existing data", path, verb));
  return current;
}

Expected<int> read_then_write(Context& context, Client& client, const std::string& path, const std::string& changes) {
  const Current current = TRY(read_current(client, path, "patch", true));
  const Result<json::Document> patch = json::Document::parse(changes);
  if (!patch) return usage_error(patch.error().message);
  const std::string merged = json::merge_patch(current.data, patch->root());
  const std::string cas(member_of(current.metadata, "version").raw());
  return output_version_written(context, client.write(path, version_body(merged, cas)), path, true);
}

Expected<int> patch(Context& context) {
  const std::vector<std::string> removed = context.flags.list("remove-data");
  if (context.arguments.size() == 1 && removed.empty()) return usage_error("Must supply data");
  Client& client = *TRY(context.client());
  Expected<Fields> data = parse_fields(context.arguments, 1, context.console);
  if (!data) return usage_error("Failed to parse K=V data: " + data.error().text);
  for (const std::string& name : removed) (*data)[name] = "null";
  const KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  if (!target.v2) return stop(exit_server, "K/V engine mount must be version 2 for patch support");
  const std::string path = target.api("data");
  const std::string changes = to_json(*data);
  const std::string method = context.flags.text("method");
  if (method == "rw") return read_then_write(context, client, path, changes);
  if (!method.empty() && method != "patch") return stop(exit_server, "Unsupported method provided to -method flag: " + method);
  const std::int64_t cas = context.flags.integer("cas", 0);
  Reply<MaybeAnswer> answer = client.patch(path, version_body(changes, cas > 0 ? std::to_string(cas) : ""));
  const bool fall_back = !answer && method.empty() && (answer.error().status == 405 || answer.error().status == 403);
  if (!fall_back) return output_version_written(context, std::move(answer), path, true);
  if (answer.error().status == 403)
    context.console.warn(fmt::format("The policy has no \"patch\" capability for {}; the data is read, changed here and written back instead.", path));
  return read_then_write(context, client, path, changes);
}

// "-versions=1,2 -versions=3" as a JSON list of texts.
std::string versions_body(const Context& context) {
  std::vector<std::string> out;
  for (const std::string& group : context.flags.list("versions"))
    for (std::size_t at = 0; at <= group.size();) {
      const std::size_t end = std::min(group.find(',', at), group.size());
      if (std::string one = trim_space(std::string_view(group).substr(at, end - at)); !one.empty()) out.push_back(std::move(one));
      at = end + 1;
    }
  return "{\"versions\":" + json_list(out) + "}";
}

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  const std::string path = target.api("data");
  const bool versions = target.v2 && !context.flags.list("versions").empty();
  return output_deleted(context, versions ? client.write(target.api("delete"), versions_body(context)) : client.remove(path), path);
}

Expected<int> act_on_versions(Context& context, std::string_view area, std::string_view verb) {
  if (context.flags.list("versions").empty()) return usage_error("No versions provided, use the \"-versions\" flag to specify the version to " + std::string(verb) + ".");
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  if (!target.v2) return usage_error(fmt::format("{} not supported on KV Version 1", verb == "destroy" ? "Destroy" : "Undelete"));
  const std::string path = target.api(area);
  return output_written(context, client.write(path, versions_body(context)), path);
}
Expected<int> undelete(Context& context) { return act_on_versions(context, "undelete", "undelete"); }
Expected<int> destroy(Context& context) { return act_on_versions(context, "destroy", "destroy"); }

Expected<int> list_names(Context& context, bool scan) {
  if (context.arguments.empty() && context.flags.text("mount").empty()) return usage_error("Not enough arguments (expected 1, got 0)");
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(kv_target(context, client, context.arguments.empty() ? "" : context.arguments[0]));
  const std::string path = target.api("metadata");
  return output_listed(context, scan ? client.scan(path) : client.list(path), path);
}
Expected<int> list(Context& context) { return list_names(context, false); }
Expected<int> scan(Context& context) { return list_names(context, true); }

Expected<int> rollback(Context& context) {
  if (!context.flags.given("version")) return usage_error("Version flag must be specified");
  const std::int64_t version = context.flags.integer("version", 0);
  if (version <= 0) return usage_error(fmt::format("Invalid value {} for the version flag", version));
  Client& client = *TRY(context.client());
  const KvTarget target = TRY(kv_target(context, client, context.arguments[0]));
  if (!target.v2) return stop(exit_server, "K/V engine mount must be version 2 for rollback support");
  const std::string path = target.api("data");
  const Current now = TRY(read_current(client, path, "rollback", false));
  const Current then = TRY(read_current(client, path, "rollback", true, version));
  const std::string cas(member_of(now.metadata, "version").raw());
  return output_written(context, client.write(path, version_body(std::string(then.data.raw()), cas)), path);
}

Expected<int> enable_versioning(Context& context) {
  Client& client = *TRY(context.client());
  const std::string mount = with_trailing_slash(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.post("sys/mounts/" + mount + "tune", R"({"options":{"version":"2"}})");
  if (!answer) return std::unexpected(failed(fmt::format("Error tuning secrets engine {}: ", mount), std::move(answer).error()));
  context.console.line("Success! Tuned the secrets engine at: " + mount);
  return exit_ok;
}

}  // namespace

void add_kv_commands(std::vector<CommandSpec>& table) {
  constexpr FlagGroups usual = http_flags | format_flag | field_flag;
  const FlagSpec mount = kv_mount_flag();
  const FlagSpec versions{"versions", FlagKind::list, "Numbers of versions, separated by commas."};
  const auto on_secret = [](CommandSpec command) {
    command.completes = Completes::secret_path;
    return command;
  };
  table.push_back({"kv", "", "Interact with the key-value storage"});
  table.push_back(on_secret({"kv get", "KEY", "Retrieve a secret", "Prints a secret, and of a versioned one its metadata.",
                             {{"A secret", "kv get -mount=secret app"}, {"One field of an older version", "kv get -mount=secret -version=1 -field=password app"}},
                             {{"version", FlagKind::integer, "Version to print; the current one when not given.", "0"}, mount}, usual, 1, 1, get}));
  table.push_back(on_secret({"kv put", "KEY [K=V...]", "Set or replace a secret",
                             "Writes a secret; all its former fields are replaced (see kv patch). A value @file is read from a file, a value - from stdin.",
                             {{"Two fields", "kv put -mount=secret app user=maya password=@pw.txt"}, {"Only if it does not exist yet", "kv put -mount=secret -cas=0 app user=maya"}},
                             {{"cas", FlagKind::integer, "Write only if this is the current version; 0: only if there is none.", "-1"}, mount}, usual, 1, -1, put}));
  table.push_back(on_secret({"kv patch", "KEY [K=V...]", "Change fields of a secret, leaving the others",
                             "Writes a new version with the named fields changed. Without the patch capability it reads, changes and writes back.",
                             {{"Change one field", "kv patch -mount=secret app password=-"}, {"Remove one field", "kv patch -mount=secret -remove-data=user app"}},
                             {{"cas", FlagKind::integer, "Change only if this is the current version.", "0"},
                              {"method", FlagKind::text, "How to change: by a PATCH request, or by reading and writing.", {}, {}, {}, "patch|rw"},
                              {"remove-data", FlagKind::list, "Field to remove; several times for several."},
                              mount},
                             usual, 1, -1, patch}));
  table.push_back(on_secret({"kv delete", "KEY", "Delete versions of a secret", "Marks the current version, or those of -versions, as deleted. See kv undelete.",
                             {{"The current version", "kv delete -mount=secret app"}}, {versions, mount}, usual, 1, 1, remove}));
  table.push_back(on_secret({"kv undelete", "KEY", "Bring deleted versions back", {}, {{"Version 3", "kv undelete -mount=secret -versions=3 app"}},
                             {versions, mount}, usual, 1, 1, undelete}));
  table.push_back(on_secret({"kv destroy", "KEY", "Destroy versions for good", {}, {{"Version 3", "kv destroy -mount=secret -versions=3 app"}}, {versions, mount},
                             usual, 1, 1, destroy}));
  table.push_back({"kv list", "PATH", "List secrets", {}, {{"In a folder", "kv list -mount=secret apps/"}}, {mount}, http_flags | format_flag | detailed_flag, 0, 1,
                   list, Audience::everyone, Completes::folder});
  table.push_back({"kv scan", "PATH", "List secrets, with all folders beneath", {}, {{"In a mount", "kv scan -mount=secret"}}, {mount},
                   http_flags | format_flag | detailed_flag, 0, 1, scan, Audience::everyone, Completes::folder});
  table.push_back(on_secret({"kv rollback", "KEY", "Make an older version current again", "Writes the data of an older version as a new version.",
                             {{"Back to version 2", "kv rollback -mount=secret -version=2 app"}},
                             {{"version", FlagKind::integer, "The version to go back to."}, mount}, usual, 1, 1, rollback}));
  table.push_back({"kv enable-versioning", "MOUNT", "Turn on versioning for a KV store", "Changes a KV version 1 mount into version 2.",
                   {{"For a mount", "kv enable-versioning secret"}}, {}, http_flags | format_flag, 1, 1, enable_versioning, Audience::everyone, Completes::mount});
}

}  // namespace coffer::cli
