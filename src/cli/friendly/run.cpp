#include <fmt/format.h>

#include "cli/friendly/dotenv.h"
#include "cli/friendly/process.h"
#include "cli/friendly/store.h"
#include "cli/output/json_text.h"

extern char** environ;

namespace coffer::cli {
namespace {

// A field's name as a variable: what a name may not hold becomes '_'.
std::string variable_name(std::string_view field, std::string_view prefix, bool upper) {
  std::string out = std::string(prefix) + std::string(field);
  for (char& c : out) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fits) c = '_';
    else if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (!out.empty() && out[0] >= '0' && out[0] <= '9') out.insert(0, "_");
  return out;
}

std::string value_text(json::Value value) { return value.is_array() || value.is_object() ? compact_json(value, false) : value.is_null() ? std::string() : go_value(value); }

Expected<json::Document> fields_at(SecretStore& store, const Reference& reference) {
  const KvTarget target = TRY(store.place(reference.path));
  const SecretVersion version = TRY(store.need(target, reference.version));
  Result<json::Document> document = json::Document::parse(version.fields);
  if (!document) return stop(exit_server, document.error().message);
  return std::move(*document);
}

// What is injected, by name; a later source goes before an earlier one.
using Injected = std::map<std::string, std::string>;

Expected<void> inject_secret(Context& context, SecretStore& store, const std::string& argument, Injected& injected) {
  const Reference reference = TRY(parse_reference(argument, false));
  const json::Document fields = TRY(fields_at(store, reference));
  const std::vector<std::string> only = context.flags.list("only");
  for (const auto& member : fields.root().members()) {
    if (!reference.field.empty() && member.key != reference.field) continue;
    const std::string name = variable_name(member.key, context.flags.text("prefix"), context.flags.boolean("upper"));
    if (!only.empty() && std::find(only.begin(), only.end(), member.key) == only.end() && std::find(only.begin(), only.end(), name) == only.end()) continue;
    injected[name] = value_text(member.value);
  }
  return {};
}

// -env NAME=path#field
Expected<void> inject_one(SecretStore& store, const std::string& name, const std::string& text, Injected& injected) {
  const Reference reference = TRY(parse_reference(text, true));
  if (reference.field.empty()) return usage_error(fmt::format("-env {}: which field?", name), fmt::format("-env {}={}#FIELD", name, text));
  const json::Document fields = TRY(fields_at(store, reference));
  const std::optional<json::Value> value = fields.root().find(reference.field);
  if (!value) return stop(exit_server, fmt::format("{} has no field \"{}\", which {} needs.", reference.path, reference.field, name), fmt::format("coffer get {}", reference.path));
  injected[name] = value_text(*value);
  return {};
}

Expected<Injected> gather(Context& context, const std::vector<std::string>& paths) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  Injected injected;
  for (const std::string& path : paths) CHECK_OK(inject_secret(context, store, path, injected));
  for (const auto& [name, text] : context.flags.map("env")) CHECK_OK(inject_one(store, name, text, injected));
  for (const std::string& wanted : context.flags.list("only"))
    if (!injected.contains(wanted) && !injected.contains(variable_name(wanted, context.flags.text("prefix"), context.flags.boolean("upper"))))
      return usage_error(fmt::format("--only {}: no such field in what was named.", wanted), "coffer get PATH shows the fields");
  for (const auto& [name, value] : injected)
    if (value.find('\0') != std::string::npos) return usage_error(fmt::format("{} holds a NUL byte, which no environment variable can.", name));
  return injected;
}

// The child's environment: this one's, without our own credentials, with the secrets.
std::vector<std::string> child_environment(const Context& context, const Injected& injected) {
  std::vector<std::string> out;
  const bool preserve = context.flags.boolean("preserve-env");
  std::map<std::string, std::string> added = injected;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    const bool credential = name == "VAULT_TOKEN" || name == "BAO_TOKEN" || name == "COFFER_TOKEN";
    if (credential && !context.flags.boolean("inherit-token")) continue;
    if (const auto secret = added.find(name); secret != added.end()) {
      if (!preserve) continue;
      added.erase(secret);
    }
    out.emplace_back(text);
  }
  for (const auto& [name, value] : added) out.push_back(name + "=" + value);
  return out;
}

Failure run_failed(Failure failure) {
  failure.exit_code = exit_run_failed;
  return failure;
}

Expected<int> run(Context& context) {
  const std::string shell_command = context.flags.text("command");
  std::vector<std::string> paths = context.arguments;
  ChildOptions child;
  if (context.separator) {
    child.argv.assign(paths.begin() + static_cast<std::ptrdiff_t>(*context.separator), paths.end());
    paths.resize(*context.separator);
  }
  if (!shell_command.empty()) {
    if (!child.argv.empty()) return stop(exit_run_failed, "Give the command behind -- or by --command, not both.");
    child.argv = {"/bin/sh", "-c", shell_command};
  }
  if (child.argv.empty()) return stop(exit_run_failed, "There is no command to run.", "coffer run PATH... -- COMMAND [ARGS...]");
  if (paths.empty() && context.flags.map("env").empty()) return stop(exit_run_failed, "There is no secret to inject.", "coffer run PATH... -- COMMAND [ARGS...]");
  const Expected<Injected> injected = gather(context, paths);
  if (!injected) return std::unexpected(run_failed(injected.error()));
  SecretPatterns patterns;
  for (const auto& [name, value] : *injected) patterns.add(value);
  patterns.compile();
  const bool always = context.flags.boolean("mask"), never = context.flags.boolean("no-mask");
  child.masks = &patterns;
  child.mask_out = !never && (always || !context.console.out_is_terminal());
  child.mask_err = !never && (always || !context.console.err_is_terminal());
  child.environment = child_environment(context, *injected);
  std::string error;
  const int code = run_child(child, error);
  if (!error.empty()) return stop(code, fmt::format("Cannot run {}: {}", child.argv[0], error));
  return code;
}

}  // namespace

void add_run_command(std::vector<CommandSpec>& table) {
  CommandSpec command{
      "run", "PATH... -- COMMAND [ARGS...]", "Run a command with secrets in its environment",
      "Gives the fields of the named secrets to a command as environment variables, for its lifetime only. Where the command's output is no terminal, "
      "the values and their usual encodings are masked in it: a guard rail, not a boundary. The exit code is the command's; 125 means that coffer itself "
      "failed, 126 and 127 that the command could not be run or found.",
      {{"A server with the fields of one secret", "run kv/app/dev -- npm start"},
       {"Only two of them", "run kv/app/dev --only DATABASE_URL --only API_KEY -- make test"},
       {"One field under another name", "run -env PGPASSWORD=kv/db#password -- psql"},
       {"By the shell", "run kv/app/dev --command 'migrate && serve'"}},
      {{"only", FlagKind::list, "Inject only this field; several times for several."},
       {"env", FlagKind::map, "Inject one field under a name, as NAME=path#field; several times for several."},
       {"prefix", FlagKind::text, "Put this before the names of fields."},
       {"upper", FlagKind::boolean, "Write the names in upper case.", "false"},
       {"preserve-env", FlagKind::boolean, "Variables that are set already go before secrets of the same name.", "false"},
       {"inherit-token", FlagKind::boolean, "Leave VAULT_TOKEN and its like in the command's environment.", "false"},
       {"command", FlagKind::text, "Command for the shell, instead of one behind --."},
       {"mask", FlagKind::boolean, "Mask values in the output on a terminal too.", "false"},
       {"no-mask", FlagKind::boolean, "Do not mask values in the output.", "false"}},
      http_flags, 0, -1, run, Audience::coffer, Completes::secret_path};
  table.push_back(std::move(command));
}

}  // namespace coffer::cli
