#include <fmt/format.h>
#include <unistd.h>

#include "cli/friendly/dotenv.h"
#include "cli/friendly/private_file.h"
#include "cli/friendly/reveal.h"
#include "cli/friendly/store.h"
#include "cli/output/json_text.h"
#include "cli/output/yaml_text.h"

namespace coffer::cli {
namespace {

// dotenv, json or yaml: as the flag says, else by the file's name.
Expected<std::string> form_of(const std::string& flag, const std::string& path) {
  if (flag == "dotenv" || flag == "env" || flag == ".env") return std::string("dotenv");
  if (flag == "json" || flag == "yaml" || flag == "shell") return flag;
  if (!flag.empty()) return usage_error(fmt::format("\"{}\" is no form of file.", flag), "choose env, json, yaml or shell");
  if (path.ends_with(".json")) return std::string("json");
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return std::string("yaml");
  return std::string("dotenv");
}

Expected<std::string> object_of(const std::string& form, const std::string& text, const std::string& path) {
  if (form == "dotenv") {
    const Result<Variables> variables = parse_dotenv(text);
    if (!variables) return usage_error(fmt::format("{}: {}", path, variables.error().message), "--format=json or --format=yaml, if it is one of those");
    Fields fields;
    for (const auto& [name, value] : *variables) fields[name] = json::quoted(value);
    return to_json(fields);
  }
  std::string json_text = text;
  if (form == "yaml") {
    Result<std::string> converted = yaml_to_json(text);
    if (!converted) return usage_error(fmt::format("{}: {}", path, converted.error().message));
    json_text = std::move(*converted);
  } else if (form != "json") {
    return usage_error("Only dotenv, json and yaml can be imported.");
  }
  const Result<json::Document> parsed = json::Document::parse(json_text);
  if (!parsed) return usage_error(fmt::format("{}: {}", path, parsed.error().message));
  if (!parsed->root().is_object()) return usage_error(fmt::format("{}: an object of fields is needed.", path));
  return std::string(parsed->root().raw());
}

struct Change {
  std::vector<std::string> lines;
  std::size_t kept = 0;
  std::string patch;  // JSON merge patch
};

Expected<Change> change_of(json::Value before, json::Value after, bool replace) {
  Change change;
  Fields patch;
  for (const auto& member : sorted_members(after)) {
    const std::optional<json::Value> old_value = before.find(member.key);
    if (old_value && compact_json(*old_value, true) == compact_json(member.value, true)) continue;
    change.lines.push_back(fmt::format("{} {}", old_value ? "~" : "+", member.key));
    // A null would remove the field; as a field it cannot be merged in.
    if (member.value.is_null()) return usage_error(fmt::format("The field \"{}\" is null.", member.key), "remove it from the file");
    patch[std::string(member.key)] = std::string(member.value.raw());
  }
  for (const auto& member : sorted_members(before)) {
    if (after.find(member.key)) continue;
    if (replace) {
      change.lines.push_back(fmt::format("- {}", member.key));
      patch[std::string(member.key)] = "null";
    } else {
      ++change.kept;
    }
  }
  change.patch = to_json(patch);
  return change;
}

bool is_source(const std::string& argument) { return argument == "-" || ::access(argument.c_str(), R_OK) == 0; }

Expected<int> import(Context& context) {
  // FILE PATH and PATH FILE are told apart by which of them is a file.
  const bool path_first = !is_source(context.arguments[0]) && is_source(context.arguments[1]);
  const std::string file = context.arguments[path_first ? 1 : 0];
  const std::string form = TRY(form_of(context.flags.text("format"), file));
  const std::string text = file == "-" ? TRY(context.console.read_all()) : TRY(read_file(file));
  const std::string object = TRY(object_of(form, text, file));
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const KvTarget target = TRY(store.place(context.arguments[path_first ? 0 : 1]));
  const std::optional<SecretVersion> before = TRY(store.read(target));
  const Result<json::Document> old_fields = json::Document::parse(before && before->has_fields() ? before->fields : "{}");
  const Result<json::Document> new_fields = json::Document::parse(object);
  if (!old_fields || !new_fields) return usage_error("The fields cannot be read.");
  const Change change = TRY(change_of(old_fields->root(), new_fields->root(), context.flags.boolean("replace")));
  if (change.lines.empty()) {
    context.console.note(fmt::format("{} has all of this already.", target.path));
    return exit_ok;
  }
  context.console.note(fmt::format("{}:", target.path));
  for (const std::string& line : change.lines) context.console.note("  " + line);
  if (change.kept > 0) context.console.note(fmt::format("  ({} other field{} stay{}; --replace removes them)", change.kept, change.kept == 1 ? "" : "s", change.kept == 1 ? "s" : ""));
  if (context.flags.boolean("dry-run")) return exit_ok;
  const bool overwrites = std::any_of(change.lines.begin(), change.lines.end(), [](const std::string& line) { return !line.starts_with('+'); });
  if (overwrites && context.console.in_is_terminal() && file != "-") CHECK_OK(context.confirm("Write this?"));
  const std::int64_t number = TRY(store.merge(target, change.patch));
  context.console.note(number > 0 ? fmt::format("{} is now at version {}.", target.path, number) : fmt::format("{} is written.", target.path));
  return exit_ok;
}

Expected<std::string> printed(const std::string& form, json::Value fields) {
  if (form == "json") return indented_json(fields, true) + "\n";
  if (form == "yaml") return yaml_text(fields);
  Variables variables;
  for (const auto& member : sorted_members(fields)) {
    const std::string name(member.key);
    if (!is_variable_name(name) || (form == "shell" && name.find_first_of(".-") != std::string::npos))
      return usage_error(fmt::format("The field \"{}\" is no name for a variable.", name), "--format=json or --format=yaml takes any name");
    variables.emplace_back(name, member.value.is_string() ? std::string(member.value.text()) : compact_json(member.value, false));
    if (variables.back().second.find('\0') != std::string::npos) return usage_error(fmt::format("The field \"{}\" holds a NUL byte.", name), "--format=json");
  }
  return form == "shell" ? print_shell(variables) : print_dotenv(variables);
}

Expected<int> export_secret(Context& context) {
  const std::string output = context.flags.text("output");
  const std::string form = TRY(form_of(context.flags.text("format"), output));
  if (output.empty() && !values_shown(context))
    return usage_error("Values are not printed on a terminal, nor where an agent runs the command.", "name a file with -output=FILE, or say --reveal");
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  std::string merged = "{}";
  for (const std::string& path : context.arguments) {
    const SecretVersion version = TRY(store.need(TRY(store.place(path))));
    const Result<json::Document> so_far = json::Document::parse(merged), more = json::Document::parse(version.fields);
    if (!so_far || !more) return usage_error("The fields cannot be read.");
    merged = json::merge_patch(so_far->root(), more->root());
  }
  const Result<json::Document> fields = json::Document::parse(merged);
  if (!fields) return usage_error(fields.error().message);
  const std::string text = TRY(printed(form, fields->root()));
  if (output.empty()) {
    context.console.write_out(text);
    return exit_ok;
  }
  CHECK_OK(replace_file(output, text, 0600));
  context.console.note(fmt::format("Wrote {} (readable by you alone).", output));
  return exit_ok;
}

}  // namespace

void add_transfer_commands(std::vector<CommandSpec>& table) {
  const FlagSpec form{"format", FlagKind::text, "Form of the file; by its name when not given, else env.", {}, {}, {}, "env|json|yaml|shell"};
  CommandSpec import_command{"import", "FILE PATH", "Write the variables of a file into a secret",
                             "Reads a .env, JSON or YAML file (\"-\" is stdin), says which fields change, and merges them into the secret.",
                             {{"From a .env file", "import .env kv/app/dev"}, {"Only look", "import --dry-run values.yaml kv/app/dev"}},
                             {form, {"replace", FlagKind::boolean, "Remove fields that the file does not have.", "false"},
                              {"dry-run", FlagKind::boolean, "Only say what would change.", "false"}},
                             http_flags | confirm_flag, 2, 2, import, Audience::coffer, Completes::file};
  table.push_back(std::move(import_command));
  CommandSpec export_command{"export", "PATH...", "Print secrets as a file of variables", "Prints the fields of one or several secrets, later ones going before earlier ones.",
                             {{"Into a .env file", "export kv/app/dev -output=.env"}, {"For the shell", "export --format=shell --reveal kv/app/dev"}},
                             {form, {"output", FlagKind::text, "File to write, readable by you alone.", {}, {}, "o"}, reveal_flag()}, http_flags, 1, -1, export_secret,
                             Audience::coffer, Completes::secret_path};
  table.push_back(std::move(export_command));
}

}  // namespace coffer::cli
