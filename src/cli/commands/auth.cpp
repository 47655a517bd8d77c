#include <fmt/format.h>

#include "cli/commands/mounts.h"

namespace coffer::cli {

std::string login_method_help(std::string_view name, std::string_view program);  // login.cpp

namespace {

Expected<int> enable(Context& context) {
  Client& client = *TRY(context.client());
  std::string type = trim_space(context.arguments[0]);
  if (type == "plugin") type = context.flags.text("plugin-name");
  std::string path = context.flags.text("path");
  path = with_trailing_slash(path.empty() ? type : path);
  Reply<MaybeAnswer> answer = client.post("sys/auth/" + trim_slashes(path), enable_body(context, MountKind::auth, type));
  if (!answer) return std::unexpected(failed(fmt::format("Error enabling {} auth: ", type), std::move(answer).error()));
  const std::string version = context.flags.text("plugin-version");
  context.console.line(fmt::format("Success! Enabled {} auth method{} at: {}", type, version.empty() ? "" : " version " + version, path));
  return exit_ok;
}

Expected<int> disable(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = with_trailing_slash(context.arguments[0]);
  if (context.friendly() && context.console.in_is_terminal())
    CHECK_OK(context.confirm(fmt::format("Disable {} and end all its sessions?", path)));
  Reply<MaybeAnswer> answer = client.remove("sys/auth/" + trim_slashes(path));
  if (!answer) return std::unexpected(failed(fmt::format("Error disabling auth method at {}: ", path), std::move(answer).error()));
  context.console.line("Success! Disabled the auth method (if it existed) at: " + path);
  return exit_ok;
}

Expected<int> list(Context& context) { return list_mounts(context, MountKind::auth); }

std::string auth_path(std::string_view argument) {
  const std::string path = with_trailing_slash(argument);
  return path.starts_with("auth/") ? path : "auth/" + path;
}

Expected<int> move(Context& context) {
  return move_mount(context, "auth method", auth_path(context.arguments[0]), auth_path(context.arguments[1]));
}

Expected<int> tune(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = with_trailing_slash(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.post("sys/mounts/auth/" + path + "tune", tune_body(context, MountKind::auth));
  if (!answer) return std::unexpected(failed(fmt::format("Error tuning auth method {}: ", path), std::move(answer).error()));
  context.console.line("Success! Tuned the auth method at: " + path);
  return exit_ok;
}

Expected<int> help(Context& context) {
  const std::string type = trim_space(context.arguments[0]);
  std::string text = login_method_help(type, context.world.program());
  if (text.empty()) {
    Client& client = *TRY(context.client());
    Reply<MaybeAnswer> answer = client.read("sys/auth");
    if (!answer) return std::unexpected(failed("Error listing auth methods: ", std::move(answer).error()));
    const std::string path = with_trailing_slash(type);
    const json::Value mount = *answer ? member_of((*answer)->data(), path) : json::Value();
    if (!mount.is_object()) {
      context.console.warn(fmt::format("No auth method available on the server at {}", json::quoted(path)));
      return exit_local;
    }
    text = login_method_help(text_of(mount, "type"), context.world.program());
    if (text.empty()) {
      context.console.warn(fmt::format("No method-specific CLI handler available for auth method {}", json::quoted(type)));
      return exit_server;
    }
  }
  context.console.line(text);
  return exit_ok;
}

}  // namespace

void add_auth_commands(std::vector<CommandSpec>& table) {
  const FlagSpec detailed{"detailed", FlagKind::boolean, "Show lifetimes, options and versions too.", "false"};
  table.push_back({"auth", "", "Interact with auth methods"});
  table.push_back({"auth enable", "TYPE", "Enable an auth method", "Mounts a method of signing in, at its type's name unless -path says otherwise.",
                   {{"Users with passwords", "auth enable userpass"}}, mount_flags(MountKind::auth, false), http_flags, 1, 1, enable});
  table.push_back({"auth disable", "PATH", "Disable an auth method", "Unmounts a method: its users and roles are deleted, tokens from it are revoked.",
                   {{"The method at userpass/", "auth disable userpass"}}, {}, http_flags | confirm_flag, 1, 1, disable, Audience::everyone,
                   Completes::auth_mount});
  table.push_back({"auth list", "", "List enabled auth methods", {}, {}, {detailed}, http_flags | format_flag, 0, 0, list});
  table.push_back({"auth move", "SOURCE DESTINATION", "Move an auth method to a new path", {}, {{"A new name", "auth move userpass people"}}, {}, http_flags, 2, 2,
                   move, Audience::everyone, Completes::auth_mount});
  table.push_back({"auth tune", "PATH", "Tune an auth method", {}, {{"Shorter sessions", "auth tune -default-lease-ttl=8h userpass"}},
                   mount_flags(MountKind::auth, true), http_flags, 1, 1, tune, Audience::everyone, Completes::auth_mount});
  table.push_back({"auth help", "TYPE | PATH", "Print how to log in with an auth method", {}, {{"For users with passwords", "auth help userpass"}}, {}, http_flags, 1,
                   1, help, Audience::everyone, Completes::auth_mount});
}

}  // namespace coffer::cli
