#include "policy/policy.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/encoding.h"
#include "cli/commands/common.h"
#include "cli/commands/denial.h"
#include "cli/friendly/private_file.h"

namespace coffer::cli {
namespace {

Expected<int> list(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.list("sys/policies/acl");
  if (!answer) return std::unexpected(failed("Error listing policies: ", std::move(answer).error()));
  std::vector<std::string> keys;
  if (!list_keys(*answer, keys)) return stop(exit_server, "Error listing policies: no policies found");
  if (!context.is_table()) return output_value(context, member_of((*answer)->data(), "keys"));
  for (const std::string& key : keys) context.console.line(key);
  return exit_ok;
}

std::string policy_name(std::string_view argument) { return ascii_lower(trim_space(argument)); }

Expected<int> read(Context& context) {
  Client& client = *TRY(context.client());
  const std::string name = policy_name(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.read("sys/policies/acl/" + name);
  if (!answer) return std::unexpected(failed(fmt::format("Error reading policy named {}: ", name), std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No policy named: " + name);
  const std::string text = text_of(payload(**answer), "policy");
  if (!context.is_table()) return output_json(context, json_pair("policy", text));
  context.console.line(trim_space(text));
  return exit_ok;
}

Expected<int> write(Context& context) {
  Client& client = *TRY(context.client());
  const std::string name = policy_name(context.arguments[0]);
  const std::string path = trim_space(context.arguments[1]);
  Expected<std::string> rules = path == "-" ? context.console.read_all() : read_file(path);
  if (!rules) return stop(exit_server, "Error opening policy file: " + rules.error().text);
  Reply<MaybeAnswer> answer = client.write("sys/policies/acl/" + name, json_pair("policy", *rules));
  if (!answer) return std::unexpected(failed("Error uploading policy: ", std::move(answer).error()));
  if (*answer) print_warnings(context, **answer);
  if (name != context.arguments[0])
    context.console.warn(fmt::format("Policy name was converted from \"{}\" to \"{}\"", context.arguments[0], name));
  context.console.line("Success! Uploaded policy: " + name);
  return exit_ok;
}

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  const std::string name = policy_name(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.remove("sys/policies/acl/" + name);
  if (!answer) return std::unexpected(failed(fmt::format("Error deleting {}: ", name), std::move(answer).error()));
  context.console.line("Success! Deleted policy: " + name);
  return exit_ok;
}

Expected<int> format(Context& context) {
  std::string path = trim_space(context.arguments[0]);
  if (path.starts_with("~/")) path = context.world.environment.home() + path.substr(1);
  const Expected<std::string> text = read_file(path);
  if (!text) return usage_error("Error reading source file: " + text.error().text);
  const Result<std::string> formatted = policy::format(*text);
  if (!formatted) return usage_error(formatted.error().message);
  if (*formatted != *text) {
    struct stat info {};
    const unsigned mode = ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0644U;
    const Expected<void> written = replace_file(path, *formatted, mode);
    if (!written) return usage_error("Error writing result: " + written.error().text);
  }
  context.console.line("Success! Formatted policy: " + path);
  return exit_ok;
}

Expected<int> why(Context& context) {
  Client& client = *TRY(context.client());
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  const std::string& path = context.arguments.back();
  writer.key("path").string(trim_slashes(path) + (path.ends_with('/') ? "/" : ""));
  std::vector<std::string> capabilities = context.flags.list("capability");
  if (context.arguments.size() == 2) capabilities.insert(capabilities.begin(), context.arguments[0]);
  if (!capabilities.empty())
    writer.key("operation").raw(json_list(capabilities));
  if (const std::string accessor = context.flags.text("accessor"); !accessor.empty()) writer.key("accessor").string(accessor);
  if (const auto parameters = context.flags.map("parameter"); !parameters.empty()) writer.key("parameters").raw(json_map(parameters));
  if (const std::string ttl = client.wrap_ttl(); !ttl.empty()) writer.key("wrap_ttl").string(ttl);
  writer.end_object();
  const Client::Plain plain(client);
  Reply<MaybeAnswer> answer = client.post("sys/internal/why", std::move(body));
  if (!answer) return std::unexpected(failed("Error asking why: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error asking why: the server gave no answer");
  const json::Value data = payload(**answer);
  if (!context.is_table()) return output_value(context, data);
  print_warnings(context, **answer);
  const json::Value decisions = member_of(data, "decisions");
  for (const json::Value& decision : decisions.is_array() ? decisions.elements() : std::vector<json::Value>{data})
    context.console.line(decision_text(decision));
  for (const json::Value& missing : member_of(data, "missing_policies").elements())
    context.console.line(fmt::format("The token names the policy \"{}\", which does not exist.", missing.text()));
  return exit_ok;
}

}  // namespace

void add_policy_commands(std::vector<CommandSpec>& table) {
  const auto named = [](CommandSpec command) {
    command.completes = Completes::policy;
    return command;
  };
  table.push_back({"policy", "", "Interact with policies"});
  table.push_back({"policy list", "", "List policies", {}, {}, {}, http_flags | format_flag, 0, 0, list});
  table.push_back(named({"policy read", "NAME", "Print a policy", {}, {{"The default policy", "policy read default"}}, {}, http_flags | format_flag, 1, 1, read}));
  table.push_back(named({"policy write", "NAME PATH", "Upload a policy from a file", "PATH \"-\" is stdin.",
                         {{"From a file", "policy write ci ci.hcl"}, {"From stdin", "policy write ci - <ci.hcl"}}, {}, http_flags, 2, 2, write}));
  table.push_back(named({"policy delete", "NAME", "Delete a policy", {}, {{"One policy", "policy delete ci"}}, {}, http_flags, 1, 1, remove}));
  CommandSpec fmt_command{"policy fmt", "PATH", "Format a policy file", "Rewrites the file in canonical form, after checking it.", {{"In place", "policy fmt ci.hcl"}}, {}, 0, 1, 1, format};
  fmt_command.completes = Completes::file;
  table.push_back(std::move(fmt_command));
  for (const std::string_view name : {"policy why", "why"}) {
    CommandSpec command{
        name,
        "[CAPABILITY] PATH",
        "Say which rule decides about a path",
        "Asks the server which rule of which policy allows or denies, or which is missing. PATH is one of the API, so a version 2 mount has data/ "
        "or metadata/ in it.",
        {{"Why may I not write this", name == "why" ? "why update secret/data/app" : "policy why update secret/data/app"}},
        {{"capability", FlagKind::list,
          "What is to be done there: read (the default), create, update, patch, delete, list, scan, sudo; several times for several."},
         {"accessor", FlagKind::text, "Accessor of the token to ask about, instead of your own."},
         {"parameter", FlagKind::map, "A parameter that the request would have, as name=value; several times for several."}},
        http_flags | format_flag,
        1,
        2,
        why,
        Audience::coffer,
        Completes::secret_path};
    table.push_back(std::move(command));
  }
}

}  // namespace coffer::cli
