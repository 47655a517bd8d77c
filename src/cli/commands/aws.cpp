#include <fmt/format.h>

#include <functional>

#include "cli/commands/common.h"

// Access keys for clients of AWS's API, and session credentials of one's own token.
namespace coffer::cli {
namespace {

std::string ring(const Context& context) { return "auth/" + trim_slashes(context.flags.text("mount")); }
std::string key_path(const Context& context) { return ring(context) + "/keys/" + trim_space(context.arguments[0]); }

Expected<int> list(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = ring(context) + "/keys";
  return output_listed(context, client.list(path), path);
}

Expected<int> shown(Context& context, Reply<MaybeAnswer> answer, std::string_view failure) {
  return output_found(context, std::move(answer), failure, "No access key has this id");
}

// A policy in IAM's JSON, from a file or what is typed in.
Expected<std::string> policy_document(Context& context) {
  const std::string& path = context.flags.text("policy-document");
  return path == "-" ? context.console.read_all() : read_file(path);
}

Expected<int> create(Context& context) {
  std::string document;
  if (context.flags.given("policy-document")) document = TRY(policy_document(context));
  Client& client = *TRY(context.client());
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("user").string(trim_space(context.arguments[0]));
  writer.key("description").string(context.flags.text("description"));
  if (!document.empty()) writer.key("policy_document").string(document);
  writer.key("token_policies").raw(json_list(context.flags.list("policy")));
  writer.key("token_bound_cidrs").raw(json_list(context.flags.list("bound-cidr")));
  writer.key("token_ttl").integer(whole_seconds(context.flags.duration("ttl")));
  writer.key("token_no_default_policy").boolean(context.flags.boolean("no-default-policy")).end_object();
  return shown(context, client.write(ring(context) + "/keys", std::move(body)), "Error creating access key: ");
}

Expected<int> read(Context& context) {
  Client& client = *TRY(context.client());
  return shown(context, client.read(key_path(context)), "Error reading access key: ");
}

Expected<int> rotate(Context& context) {
  Client& client = *TRY(context.client());
  return shown(context, client.write(key_path(context) + "/rotate", ""), "Error rotating access key: ");
}

Expected<int> change(Context& context, bool disabled) {
  Client& client = *TRY(context.client());
  const std::string id = trim_space(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.write(key_path(context), fmt::format("{{\"disabled\":{}}}", disabled));
  if (!answer) return std::unexpected(failed("Error changing access key: ", std::move(answer).error()));
  context.console.line(fmt::format("Success! {} access key: {}", disabled ? "Disabled" : "Enabled", id));
  return exit_ok;
}
Expected<int> disable(Context& context) { return change(context, true); }
Expected<int> enable(Context& context) { return change(context, false); }

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  Reply<MaybeAnswer> answer = client.remove(key_path(context));
  if (!answer) return std::unexpected(failed("Error deleting access key: ", std::move(answer).error()));
  context.console.line("Success! Deleted access key: " + trim_space(context.arguments[0]));
  return exit_ok;
}

// What a `credential_process` of an AWS profile prints.
Expected<int> credentials(Context& context) {
  Client& client = *TRY(context.client());
  std::string body = fmt::format("{{\"ttl\":{}}}", whole_seconds(context.flags.duration("ttl")));
  Reply<MaybeAnswer> answer = client.write(ring(context) + "/credentials", std::move(body));
  if (!answer) return std::unexpected(failed("Error making credentials: ", std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error making credentials: the server gave no answer");
  const json::Value data = payload(**answer);
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("Version")
      .integer(1)
      .key("AccessKeyId")
      .string(text_of(data, "access_key_id"))
      .key("SecretAccessKey")
      .string(text_of(data, "secret_access_key"))
      .key("SessionToken")
      .string(text_of(data, "session_token"))
      .key("Expiration")
      .string(text_of(data, "expiration"))
      .end_object();
  context.console.line(out);
  wipe(out);
  return exit_ok;
}

// How rotations stand, which AWS's own API tells nothing of.
std::string rotation_path(const Context& context, std::string_view name) {
  return trim_slashes(context.flags.text("mount")) + "/rotation/" + trim_slashes(trim_space(std::string(name)));
}
constexpr std::string_view no_rotation = "No secret of this name has rotated or is to";

Expected<int> rotation_list(Context& context) {
  Client& client = *TRY(context.client());
  const std::string path = rotation_path(context, context.arguments.empty() ? std::string_view() : std::string_view(context.arguments[0]));
  return output_listed(context, client.list(path), path);
}
Expected<int> rotation_status(Context& context) {
  Client& client = *TRY(context.client());
  return output_found(context, client.read(rotation_path(context, context.arguments[0])), "Error reading rotation: ", std::string(no_rotation));
}
Expected<int> rotation_now(Context& context) {
  Client& client = *TRY(context.client());
  return output_found(context, client.write(rotation_path(context, context.arguments[0]), "{}"), "Error rotating: ", std::string(no_rotation));
}

void add_rotation_commands(const std::function<void(CommandSpec)>& add, FlagGroups usual) {
  const FlagSpec mount{"mount", FlagKind::text, "The KV version 2 mount that AWS's clients see.", "secret"};
  add({"aws rotation", "", "See how secrets rotate"});
  add({"aws rotation list",
       "[FOLDER]",
       "List secrets that have rotated or are to",
       {},
       {{"All of them", "aws rotation list"}},
       {mount},
       http_flags | format_flag | detailed_flag,
       0,
       1,
       rotation_list});
  add({"aws rotation status",
       "NAME",
       "Show how a secret's rotation stands, and why it failed",
       {},
       {{"All that is known", "aws rotation status app/db"}, {"Why the last attempt failed", "aws rotation status -field=error app/db"}},
       {mount},
       usual,
       1,
       1,
       rotation_status});
  add({"aws rotation now",
       "NAME",
       "Rotate a secret now, or try again what failed",
       "Rotation must be on for the secret (RotateSecret). Does not wait for the rotation to end.",
       {{"After its function was mended", "aws rotation now app/db"}},
       {mount},
       usual,
       1,
       1,
       rotation_now});
}

}  // namespace

void add_aws_commands(std::vector<CommandSpec>& table) {
  const FlagSpec mount{"mount", FlagKind::text, "Where the key ring is mounted, below auth/.", "aws-keys"};
  constexpr FlagGroups usual = http_flags | format_flag | field_flag;
  const auto add = [&](CommandSpec spec) {
    spec.audience = Audience::coffer;
    table.push_back(std::move(spec));
  };
  add({"aws", "", "Serve clients of AWS's API"});
  add({"aws keys", "", "Manage access keys"});
  add({"aws keys list", "", "List access keys", {}, {}, {mount}, http_flags | format_flag | detailed_flag, 0, 0, list});
  add({"aws keys create",
       "USER",
       "Make an access key",
       "Prints the key's id and its secret, which is shown this once.",
       {{"For an application that reads", "aws keys create -policy=app-read billing"}},
       {mount,
        {"policy", FlagKind::list, "Policy of the requests that are signed with it; several times for several."},
        {"policy-document", FlagKind::text, "File with a policy in IAM's JSON (\"-\": standard input): allows and denies beside the policies."},
        {"ttl", FlagKind::duration, "How long it is good for; without it, until it is deleted."},
        {"description", FlagKind::text, "What it is for."},
        {"bound-cidr", FlagKind::list, "Address block from which it may be used; several times for several."},
        {"no-default-policy", FlagKind::boolean, "Leave the default policy out.", "false"}},
       usual,
       1,
       1,
       create});
  add({"aws keys read",
       "ID",
       "Show an access key",
       {},
       {{"When it was last used", "aws keys read -field=last_used AKIA..."}},
       {mount},
       usual,
       1,
       1,
       read});
  add({"aws keys disable",
       "ID",
       "Refuse requests signed with a key",
       {},
       {{"One key", "aws keys disable AKIA..."}},
       {mount},
       http_flags,
       1,
       1,
       disable});
  add({"aws keys enable",
       "ID",
       "Take requests signed with a key again",
       {},
       {{"One key", "aws keys enable AKIA..."}},
       {mount},
       http_flags,
       1,
       1,
       enable});
  add({"aws keys rotate",
       "ID",
       "Give a key a new secret",
       "The old secret is of no use from then on.",
       {{"One key", "aws keys rotate AKIA..."}},
       {mount},
       usual,
       1,
       1,
       rotate});
  add({"aws keys delete", "ID", "Delete a key", {}, {{"One key", "aws keys delete AKIA..."}}, {mount}, http_flags, 1, 1, remove});
  add_rotation_commands(add, usual);
  add({"aws credentials",
       "",
       "Print session credentials of your token",
       "Prints what AWS's clients read from a credential_process: session credentials that may do what your token may, and end with it.",
       {{"As credential_process of a profile in ~/.aws/config", "aws credentials"}},
       {mount, {"ttl", FlagKind::duration, "How long they are good for.", "1h"}},
       http_flags,
       0,
       0,
       credentials});
}

}  // namespace coffer::cli
