#include <fmt/format.h>

#include "cli/commands/mounts.h"

namespace coffer::cli {
namespace {

Expected<int> enable(Context& context) {
  Client& client = *TRY(context.client());
  std::string type = trim_space(context.arguments[0]);
  if (type == "plugin") type = context.flags.text("plugin-name");
  std::string path = context.flags.text("path");
  path = with_trailing_slash(path.empty() ? type : path);
  Reply<MaybeAnswer> answer = client.post("sys/mounts/" + trim_slashes(path), enable_body(context, MountKind::secrets, type));
  if (!answer) return std::unexpected(failed("Error enabling: ", std::move(answer).error()));
  const std::string version = context.flags.text("plugin-version");
  context.console.line(fmt::format("Success! Enabled the {} secrets engine{} at: {}", type, version.empty() ? "" : " version " + version, path));
  return exit_ok;
}

Expected<int> disable(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = with_trailing_slash(context.arguments[0]);
  if (context.friendly() && context.console.in_is_terminal())
    CHECK_OK(context.confirm(fmt::format("Disable {} and delete all that it holds?", path)));
  Reply<MaybeAnswer> answer = client.remove("sys/mounts/" + trim_slashes(path));
  if (!answer) return std::unexpected(failed(fmt::format("Error disabling secrets engine at {}: ", path), std::move(answer).error()));
  context.console.line("Success! Disabled the secrets engine (if it existed) at: " + path);
  return exit_ok;
}

Expected<int> list(Context& context) { return list_mounts(context, MountKind::secrets); }

Expected<int> move(Context& context) {
  return move_mount(context, "secrets engine", with_trailing_slash(context.arguments[0]), with_trailing_slash(context.arguments[1]));
}

Expected<int> tune(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = with_trailing_slash(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.post("sys/mounts/" + path + "tune", tune_body(context, MountKind::secrets));
  if (!answer) return std::unexpected(failed(fmt::format("Error tuning secrets engine {}: ", path), std::move(answer).error()));
  context.console.line("Success! Tuned the secrets engine at: " + path);
  return exit_ok;
}

}  // namespace

void add_secrets_commands(std::vector<CommandSpec>& table) {
  const FlagSpec detailed{"detailed", FlagKind::boolean, "Show lifetimes, options and versions too.", "false"};
  table.push_back({"secrets", "", "Interact with secrets engines"});
  table.push_back({"secrets enable", "TYPE", "Enable a secrets engine", "Mounts an engine, at its type's name unless -path says otherwise.",
                   {{"Versioned key-value secrets", "secrets enable -version=2 kv"}, {"At another path", "secrets enable -path=team-a -version=2 kv"}},
                   mount_flags(MountKind::secrets, false), http_flags, 1, 1, enable});
  table.push_back({"secrets disable", "PATH", "Disable a secrets engine", "Unmounts an engine: all that it holds is deleted, all its leases are revoked.",
                   {{"The engine at team-a/", "secrets disable team-a"}}, {}, http_flags | confirm_flag, 1, 1, disable, Audience::everyone, Completes::mount});
  table.push_back({"secrets list", "", "List enabled secrets engines", {}, {}, {detailed}, http_flags | format_flag, 0, 0, list});
  table.push_back({"secrets move", "SOURCE DESTINATION", "Move a secrets engine to a new path", "Its data and settings stay, its leases are revoked.",
                   {{"A new name", "secrets move team-a payments"}}, {}, http_flags, 2, 2, move, Audience::everyone, Completes::mount});
  table.push_back({"secrets tune", "PATH", "Tune a secrets engine", {}, {{"Shorter leases", "secrets tune -default-lease-ttl=72h pki"}},
                   mount_flags(MountKind::secrets, true), http_flags, 1, 1, tune, Audience::everyone, Completes::mount});
}

}  // namespace coffer::cli
