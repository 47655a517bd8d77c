#include <fmt/format.h>

#include "cli/commands/common.h"
#include "cli/output/json_text.h"

namespace coffer::cli {
namespace {

Expected<int> read_raw(Context& context, Client& client, const std::string& path, const Query& query) {
  Reply<HttpResponse> response = client.raw("GET", path, query);
  if (!response) {
    if (response.error().status == 404) return stop(exit_server, "No value found at " + path);
    return std::unexpected(failed(fmt::format("Error reading: {}: ", path), std::move(response).error()));
  }
  context.console.line(response->body);
  return exit_ok;
}

Expected<int> read(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = trim_slashes(context.arguments[0]);
  const Query query = TRY(query_arguments(context, 1));
  if (context.format() == "raw" && context.field().empty()) return read_raw(context, client, path, query);
  return output_found(context, client.read(path, query), fmt::format("Error reading {}: ", path), "No value found at " + path);
}

Expected<int> write_or_patch(Context& context, bool patch) {
  const bool forced = context.flags.boolean("force");
  if (context.arguments.size() == 1 && !forced) return usage_error("Must supply data or use -force");
  const std::string path = trim_slashes(context.arguments[0]);
  const Expected<Fields> data = parse_fields(context.arguments, 1, context.console);
  if (!data) return usage_error("Failed to parse K=V data: " + data.error().text);
  Client& client = *TRY(context.client());
  // Without data Vault's command sends `null`, which servers take for no body at all.
  std::string body = data->empty() ? std::string() : to_json(*data);
  return output_written(context, patch ? client.patch(path, std::move(body)) : client.write(path, std::move(body)), path);
}

Expected<int> write(Context& context) { return write_or_patch(context, false); }
Expected<int> patch(Context& context) { return write_or_patch(context, true); }

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = trim_slashes(context.arguments[0]);
  const Query query = TRY(query_arguments(context, 1));
  return output_deleted(context, client.remove(path, query), path);
}

Expected<int> list_or_scan(Context& context, bool scan) {
  Client& client = *TRY(context.client());
  const std::string path = trim_slashes(context.arguments[0]);
  Query query;
  if (const std::string after = context.flags.text("after"); !after.empty()) query.emplace_back("after", after);
  if (const std::int64_t limit = context.flags.integer("limit", -1); limit > 0) query.emplace_back("limit", std::to_string(limit));
  return output_listed(context, scan ? client.scan(path, query) : client.list(path, query), path);
}

Expected<int> list(Context& context) { return list_or_scan(context, false); }
Expected<int> scan(Context& context) { return list_or_scan(context, true); }

Expected<int> unwrap(Context& context) {
  Client& client = *TRY(context.client());
  const std::string token = context.arguments.empty() ? std::string() : trim_space(context.arguments[0]);
  // The token is its own credential when the caller has none.
  const bool by_header = token.empty() || client.token().empty();
  if (by_header && !token.empty()) client.set_token(SecretBytes::copy_of(std::string_view(token)));
  Reply<MaybeAnswer> answer = client.write("sys/wrapping/unwrap", by_header ? std::string() : json_pair("token", token));
  if (!answer) return std::unexpected(failed("Error unwrapping: ", std::move(answer).error()));
  if (!*answer) {
    if (context.is_table()) context.console.line("Successfully unwrapped. There was no data in the wrapped secret.");
    return exit_ok;
  }
  if (!context.field().empty()) return output_field(context, **answer, context.field());
  std::vector<std::string> keys;
  if (list_keys(*answer, keys)) return output_list(context, **answer);
  return output_answer(context, **answer);
}

Expected<int> print_token(Context& context) {
  const SecretBytes token = TRY(context.token_helper().current());
  context.console.line(token.reveal_text());
  return exit_ok;
}

Expected<int> path_help(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.read(trim_slashes(context.arguments[0]), {{"help", "1"}});
  if (!answer) {
    if (answer.error().mentions("Vault is sealed"))
      return stop(exit_server,
                  "Error: Vault is sealed.\n\nThe \"path-help\" command needs an unsealed Vault, since only then the mount points are known.");
    return std::unexpected(failed("Error retrieving help: ", std::move(answer).error()));
  }
  if (!*answer) return stop(exit_server, "Error retrieving help: no help found");
  if (context.format() == "json") context.console.line(compact_json((*answer)->member("openapi"), true));
  else context.console.line((*answer)->member("help").text());
  return exit_ok;
}

Expected<int> version_history(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.list("sys/version-history");
  if (!answer) return std::unexpected(failed("Error reading version history: ", std::move(answer).error()));
  std::vector<std::string> keys;
  if (!list_keys(*answer, keys)) return stop(exit_server, "Invalid response returned from Vault");
  if (!context.is_table()) return output_answer(context, **answer);
  std::vector<Row> rows{{"Version", "Installation Time", "Build Date"}};
  for (const std::string& key : keys) {
    const json::Value info = member_of(member_of((*answer)->data(), "key_info"), key);
    rows.push_back({key, go_value(member_of(info, "timestamp_installed")), go_value(member_of(info, "build_date"))});
  }
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

const FlagSpec force_flag{"force", FlagKind::boolean, "Send the request without data.", "false", {}, "f"};

}  // namespace

void add_basic_commands(std::vector<CommandSpec>& table) {
  constexpr FlagGroups usual = http_flags | format_flag | field_flag;
  table.push_back({"read", "PATH [K=V...]", "Read data and retrieve secrets",
                   "Reads what the path holds: a secret, dynamic credentials, configuration. K=V arguments become parameters of the request.",
                   {{"Read who you are", "read auth/token/lookup-self"}, {"Only one field", "read -field=ttl auth/token/lookup-self"}},
                   {}, usual, 1, -1, read, Audience::everyone, Completes::secret_path});
  table.push_back({"write", "PATH [K=V...]", "Write data, configuration, and secrets",
                   "Writes data to the path. A value @file is read from a file, a value - from stdin; @file and - alone stand for a JSON object.",
                   {{"Create a user", "write auth/userpass/users/maya password=- token_policies=dev"},
                    {"A request that needs no data", "write -f transit/keys/app"}},
                   {force_flag}, usual, 1, -1, write, Audience::everyone, Completes::secret_path});
  table.push_back({"patch", "PATH [K=V...]", "Patch data, configuration, and secrets",
                   "Changes the named fields and leaves the others (JSON merge patch), where the path supports that.",
                   {{"Change one setting of a role", "patch pki/roles/web ttl=72h"}}, {force_flag}, usual, 1, -1, patch,
                   Audience::everyone, Completes::secret_path});
  table.push_back({"delete", "PATH [K=V...]", "Delete secrets and configuration", "Deletes what the path holds; what that means is for the engine mounted there.",
                   {{"Remove a user", "delete auth/userpass/users/maya"}}, {}, usual, 1, -1, remove, Audience::everyone,
                   Completes::secret_path});
  const std::vector<FlagSpec> paging{{"after", FlagKind::text, "List what comes behind this name, where the path supports pages."},
                                     {"limit", FlagKind::integer, "List at most so many names, where the path supports pages.", "-1"}};
  table.push_back({"list", "PATH", "List data or secrets", "Lists the names beneath the path.",
                   {{"Names in a folder", "list secret/metadata/apps"}}, paging, http_flags | format_flag | detailed_flag, 1, 1, list,
                   Audience::everyone, Completes::folder});
  table.push_back({"scan", "PATH", "List data or secrets, with all folders beneath", "Lists the names beneath the path and beneath its folders.",
                   {{"All names in a folder", "scan secret/metadata/apps"}}, paging, http_flags | format_flag | detailed_flag, 1, 1, scan,
                   Audience::everyone, Completes::folder});
  table.push_back({"unwrap", "[TOKEN]", "Unwrap a wrapped secret", "Prints what is wrapped in the token, or in your own token when none is given.",
                   {{"Unwrap what somebody handed over", "unwrap hvs.CAESI..."}}, {}, usual, 0, 1, unwrap});
  table.push_back({"print", "", "Print runtime values"});
  table.push_back({"print token", "", "Print the token in use", "Prints the token that commands use: from the environment, else from the token helper.",
                   {}, {}, 0, 0, 0, print_token});
  table.push_back({"path-help", "PATH", "Retrieve API help for paths", "Prints the server's own help for a path; with -format=json as OpenAPI.",
                   {{"What a KV mount offers", "path-help secret"}}, {}, http_flags | format_flag, 1, 1, path_help, Audience::everyone,
                   Completes::folder});
  table.push_back({"version-history", "", "Print the version history of the server", "Prints which versions of the server this store has seen.",
                   {}, {}, http_flags | format_flag, 0, 0, version_history});
}

}  // namespace coffer::cli
