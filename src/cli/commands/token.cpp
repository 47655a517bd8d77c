#include <fmt/format.h>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

std::string create_body(const Context& context, bool batch) {
  const Flags& flags = context.flags;
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  const auto text = [&](std::string_view flag, std::string_view field) {
    if (const std::string value = flags.text(flag); !value.empty()) writer.key(field).string(value);
  };
  const auto ttl = [&](std::string_view flag, std::string_view field) {
    if (const Duration value = flags.duration(flag); value != Duration::zero()) writer.key(field).string(go_duration(value));
  };
  text("id", "id");
  if (flags.given("policy")) writer.key("policies").raw(json_list(flags.list("policy")));
  if (flags.given("metadata")) writer.key("meta").raw(json_map(flags.map("metadata")));
  ttl("ttl", "ttl");
  ttl("explicit-max-ttl", "explicit_max_ttl");
  ttl("period", "period");
  if (flags.boolean("orphan")) writer.key("no_parent").boolean(true);
  if (flags.boolean("no-default-policy")) writer.key("no_default_policy").boolean(true);
  text("display-name", "display_name");
  if (const std::int64_t uses = flags.integer("use-limit", 0); uses != 0) writer.key("num_uses").integer(uses);
  writer.key("renewable").boolean(!batch && flags.boolean("renewable"));
  text("type", "type");
  text("entity-alias", "entity_alias");
  writer.end_object();
  return body;
}

Expected<int> create(Context& context) {
  Client& client = *TRY(context.client());
  const std::string role = context.flags.text("role");
  const std::string path = role.empty() ? "auth/token/create" : "auth/token/create/" + role;
  Reply<MaybeAnswer> answer = client.post(path, create_body(context, context.flags.text("type") == "batch"));
  if (!answer) return std::unexpected(failed("Error creating token: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error creating token: the server gave no answer");
  return output_field_or_answer(context, **answer);
}

Expected<int> lookup(Context& context) {
  const bool accessor = context.flags.boolean("accessor");
  if (accessor && context.arguments.empty()) return usage_error("Not enough arguments with -accessor (expected 1, got 0)");
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer;
  if (context.arguments.empty()) answer = client.read("auth/token/lookup-self");
  else if (accessor) answer = client.post("auth/token/lookup-accessor", json_pair("accessor", trim_space(context.arguments[0])));
  else answer = client.post("auth/token/lookup", json_pair("token", trim_space(context.arguments[0])));
  if (!answer) return std::unexpected(failed("error looking up token: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "error looking up token: the server gave no answer");
  return output_field_or_answer(context, **answer);
}

Expected<int> renew(Context& context) {
  Client& client = *TRY(context.client());
  const std::string token = context.arguments.empty() ? "" : trim_space(context.arguments[0]);
  const bool accessor = context.flags.boolean("accessor");
  if (accessor && token.empty()) return usage_error("Not enough arguments with -accessor (expected 1, got 0)");
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (!token.empty()) writer.key(accessor ? "accessor" : "token").string(token);
  writer.key("increment").integer(whole_seconds(context.flags.duration("increment")));
  writer.end_object();
  const char* path = token.empty() ? "auth/token/renew-self" : accessor ? "auth/token/renew-accessor" : "auth/token/renew";
  Reply<MaybeAnswer> answer = client.write(path, std::move(body));
  if (!answer) return std::unexpected(failed("Error renewing token: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error renewing token: the server gave no answer");
  return output_answer(context, **answer);
}

Expected<void> check_revoke(const Context& context, std::string_view mode) {
  const bool self = context.flags.boolean("self"), accessor = context.flags.boolean("accessor");
  const std::size_t count = context.arguments.size();
  if (!mode.empty() && mode != "orphan" && mode != "path") return usage_error(fmt::format("Invalid mode: {}", mode));
  if (self && count > 0) return usage_error(fmt::format("Too many arguments with -self (expected 0, got {})", count));
  if (!self && count < 1) return usage_error(fmt::format("Not enough arguments (expected 1 or -self, got {})", count));
  if (self && accessor) return usage_error("Cannot use -self with -accessor!");
  if (self && !mode.empty()) return usage_error("Cannot use -self with -mode!");
  if (accessor && !mode.empty()) return usage_error(fmt::format("Cannot use -accessor with -mode={}!", mode));
  return {};
}

Expected<int> revoke(Context& context) {
  const std::string mode = context.flags.text("mode");
  CHECK_OK(check_revoke(context, mode));
  Client& client = *TRY(context.client());
  const std::string token = context.arguments.empty() ? "" : trim_space(context.arguments[0]);
  Reply<MaybeAnswer> answer;
  if (context.flags.boolean("self")) answer = client.write("auth/token/revoke-self", "");
  else if (context.flags.boolean("accessor")) answer = client.post("auth/token/revoke-accessor", json_pair("accessor", token));
  else if (mode == "orphan") answer = client.write("auth/token/revoke-orphan", json_pair("token", token));
  else if (mode == "path") answer = client.write("sys/leases/revoke-prefix/" + trim_slashes(token), "");
  else answer = client.write("auth/token/revoke", json_pair("token", token));
  if (!answer) return std::unexpected(failed("Error revoking token: ", std::move(answer).error()));
  context.console.line("Success! Revoked token (if it existed)");
  return exit_ok;
}

Expected<int> capabilities(Context& context) {
  const bool accessor = context.flags.boolean("accessor");
  if (accessor && context.arguments.size() < 2) return usage_error("Not enough arguments with -accessor (expected 2, got 1)");
  Client& client = *TRY(context.client());
  const bool self = context.arguments.size() == 1;
  const std::string path = trim_space(context.arguments.back());
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (!self) writer.key(accessor ? "accessor" : "token").string(trim_space(context.arguments[0]));
  writer.key("path").string(path).key("paths").begin_array().string(path).end_array();
  writer.end_object();
  Reply<MaybeAnswer> answer =
      client.post(self ? "sys/capabilities-self" : accessor ? "sys/capabilities-accessor" : "sys/capabilities", std::move(body));
  if (!answer) return std::unexpected(failed("Error listing capabilities: ", std::move(answer).error()));
  const json::Value data = *answer ? payload(**answer) : json::Value();
  json::Value list = member_of(data, path);
  if (!list.is_array()) list = member_of(data, "capabilities");
  if (!list.is_array()) return usage_error("No capabilities found");
  if (!context.is_table()) return output_value(context, list);
  std::vector<std::string> names;
  for (const json::Value& name : list.elements()) names.emplace_back(name.text());
  std::sort(names.begin(), names.end());
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  context.console.line(joined);
  return exit_ok;
}

}  // namespace

void add_token_commands(std::vector<CommandSpec>& table) {
  const FlagSpec accessor{"accessor", FlagKind::boolean, "The argument is an accessor, not a token.", "false"};
  table.push_back({"token", "", "Interact with tokens"});
  table.push_back({"token create", "", "Create a new token", "Makes a child of your token; with your policies unless -policy names some of them.",
                   {{"For an hour, with one policy", "token create -policy=ci -ttl=1h"}},
                   {{"id", FlagKind::text, "The token itself; needs sudo."},
                    {"display-name", FlagKind::text, "Name that shows up in logs."},
                    {"ttl", FlagKind::duration, "How long it lives unless renewed."},
                    {"explicit-max-ttl", FlagKind::duration, "How long it lives at most, renewals included."},
                    {"period", FlagKind::duration, "Makes it periodic: each renewal lasts this long, without end. Needs sudo."},
                    {"renewable", FlagKind::boolean, "Whether it can be renewed.", "true"},
                    {"orphan", FlagKind::boolean, "Without a parent: it outlives your token. Needs sudo.", "false"},
                    {"no-default-policy", FlagKind::boolean, "Leave out the policy \"default\".", "false"},
                    {"use-limit", FlagKind::integer, "After so many uses it is revoked; 0: no limit.", "0"},
                    {"role", FlagKind::text, "Role that shapes it."},
                    {"type", FlagKind::text, "Kind of token.", "service", {}, {}, "service|batch"},
                    {"metadata", FlagKind::map, "Metadata as key=value, shown in the audit log; several times for several."},
                    {"policy", FlagKind::list, "Policy to attach; several times for several."},
                    {"entity-alias", FlagKind::text, "Alias of the entity to attach; with -role only."}},
                   http_flags | format_flag | field_flag, 0, 0, create});
  table.push_back({"token lookup", "[TOKEN | ACCESSOR]", "Print information about a token", "Without an argument it is about your own token.", {{"Your own", "token lookup"}},
                   {accessor}, http_flags | format_flag | field_flag, 0, 1, lookup});
  table.push_back({"token renew", "[TOKEN | ACCESSOR]", "Renew a token", "Without an argument it renews your own token.", {{"Your own, for half an hour", "token renew -increment=30m"}},
                   {accessor, {"increment", FlagKind::duration, "How long it should live from now; the server may give less.", {}, {}, "i"}},
                   http_flags | format_flag | field_flag, 0, 1, renew});
  table.push_back({"token revoke", "[TOKEN | ACCESSOR]", "Revoke a token and its children", {}, {{"Your own", "token revoke -self"}, {"By its accessor", "token revoke -accessor 8oUZ..."}},
                   {accessor,
                    {"self", FlagKind::boolean, "Revoke your own token.", "false"},
                    {"mode", FlagKind::text, "\"orphan\" leaves the children, \"path\" revokes all tokens that came from a path.", {}, {}, {}, "orphan|path"}},
                   http_flags, 0, 1, revoke});
  table.push_back({"token capabilities", "[TOKEN | ACCESSOR] PATH", "Print what a token may do on a path", "Without a token it is about your own.",
                   {{"On a secret", "token capabilities secret/data/app"}}, {accessor}, http_flags | format_flag, 1, 2, capabilities, Audience::everyone,
                   Completes::secret_path});
}

}  // namespace coffer::cli
