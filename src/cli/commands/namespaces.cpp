#include <fmt/format.h>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

std::string path_of(const Context& context) { return "sys/namespaces/" + trim_slashes(context.arguments[0]); }

Expected<int> list(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.list("sys/namespaces");
  if (!answer) return std::unexpected(failed("Error listing namespaces: ", std::move(answer).error()));
  std::vector<std::string> keys;
  if (!list_keys(*answer, keys)) {
    if (context.is_table()) return stop(exit_server, "No namespaces found");
    CHECK_OK(output_json(context, "[]"));
    return exit_server;
  }
  return output_list(context, **answer);
}

Expected<int> lookup(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.read(path_of(context));
  if (!answer) return std::unexpected(failed("Error looking up namespace: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Namespace not found");
  return output_field_or_answer(context, **answer);
}

std::string metadata_body(const Context& context) {
  Fields custom;
  for (const auto& [name, value] : context.flags.map("custom-metadata")) custom[name] = json::quoted(value);
  for (const std::string& name : context.flags.list("remove-custom-metadata")) custom[name] = "null";
  return "{\"custom_metadata\":" + to_json(custom) + "}";
}

Expected<int> created(Context& context, Reply<MaybeAnswer> answer, std::string_view prefix) {
  if (!answer) return std::unexpected(failed(prefix, std::move(answer).error()));
  if (!*answer) return exit_ok;
  return output_field_or_answer(context, **answer);
}

Expected<int> create(Context& context) {
  Client& client = *TRY(context.client());
  return created(context, client.write(path_of(context), metadata_body(context)), "Error creating namespace: ");
}

Expected<int> patch(Context& context) {
  Client& client = *TRY(context.client());
  return created(context, client.patch(path_of(context), metadata_body(context)), "Error patching namespace: ");
}

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = trim_slashes(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.remove(path_of(context));
  if (!answer) return std::unexpected(failed("Error deleting namespace: ", std::move(answer).error()));
  if (*answer) print_warnings(context, **answer);
  context.console.line("Success! Namespace deleted at: " + path);
  return exit_ok;
}

std::string lock_path(const Context& context, std::string_view verb) {
  const std::string path = context.arguments.empty() ? "" : trim_slashes(context.arguments[0]);
  return fmt::format("sys/namespaces/api-lock/{}{}{}", verb, path.empty() ? "" : "/", path);
}

Expected<int> lock(Context& context) {
  Client& client = *TRY(context.client());
  return created(context, client.write(lock_path(context, "lock"), ""), "Error locking namespace: ");
}

Expected<int> unlock(Context& context) {
  Client& client = *TRY(context.client());
  const std::string key = context.flags.text("unlock-key");
  Reply<MaybeAnswer> answer = client.write(lock_path(context, "unlock"), key.empty() ? std::string() : json_pair("unlock_key", key));
  if (!answer) return std::unexpected(failed("Error unlocking namespace: ", std::move(answer).error()));
  return exit_ok;
}

}  // namespace

void add_namespace_commands(std::vector<CommandSpec>& table) {
  const FlagSpec metadata{"custom-metadata", FlagKind::map, "Metadata of your own, as key=value; several times for several."};
  constexpr FlagGroups usual = http_flags | format_flag | field_flag;
  table.push_back({"namespace", "", "Interact with namespaces"});
  table.push_back({"namespace list", "", "List child namespaces", {}, {}, {}, http_flags | format_flag | detailed_flag, 0, 0, list});
  table.push_back({"namespace lookup", "PATH", "Print information about a namespace", {}, {{"One child", "namespace lookup team-a"}}, {}, usual, 1, 1, lookup});
  table.push_back({"namespace create", "PATH", "Create a namespace", {}, {{"A child", "namespace create team-a"}}, {metadata}, usual, 1, 1, create});
  table.push_back({"namespace patch", "PATH", "Change a namespace's metadata", {}, {{"Note the owner", "namespace patch -custom-metadata=owner=maya team-a"}},
                   {metadata, {"remove-custom-metadata", FlagKind::list, "Key of your own metadata to remove; several times for several."}}, usual, 1, 1, patch});
  table.push_back({"namespace delete", "PATH", "Delete a namespace", {}, {{"A child", "namespace delete team-a"}}, {}, http_flags, 1, 1, remove});
  table.push_back({"namespace lock", "[PATH]", "Lock the API of a namespace", {}, {{"A child", "namespace lock team-a"}}, {}, usual, 0, 1, lock});
  table.push_back({"namespace unlock", "[PATH]", "Unlock the API of a namespace", {}, {{"A child", "namespace unlock -unlock-key=... team-a"}}, {}, http_flags, 0, 1, unlock});
}

}  // namespace coffer::cli
