#include <fmt/format.h>

#include "cli/friendly/private_file.h"
#include "cli/friendly/process.h"
#include "cli/friendly/store.h"
#include "cli/output/json_text.h"
#include "cli/output/yaml_text.h"

extern char** environ;

namespace coffer::cli {
namespace {

std::string editor_of(const Environment& environment) {
  for (const char* name : {"COFFER_EDITOR", "VISUAL", "EDITOR"})
    if (std::string editor = environment.variable(name); !editor.empty()) return editor;
  return "vi";
}

Expected<void> start_editor(const Environment& environment, const std::string& path) {
  ChildOptions child;
  // The shell splits "code --wait" and the like; the path is an argument of its own.
  child.argv = {"/bin/sh", "-c", editor_of(environment) + " \"$1\"", "sh", path};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) child.environment.emplace_back(*entry);
  std::string error;
  const int code = run_child(child, error);
  if (code != 0) return usage_error(fmt::format("The editor \"{}\" failed; nothing was changed.", editor_of(environment)), "set EDITOR to one that works");
  return {};
}

std::string text_for(const KvTarget& target, const std::string& fields_json) {
  std::string out = fmt::format("# {}: one field in each line, as YAML. Save and leave to write a new version; leave without a change to keep it.\n", target.path);
  const Result<json::Document> fields = json::Document::parse(fields_json);
  if (fields && fields->root().size() > 0) out += yaml_text(fields->root());
  return out;
}

// What was saved, as JSON; asks to edit again while it is not readable.
Expected<std::string> edited(Context& context, const PrivateFile& file) {
  for (;;) {
    CHECK_OK(start_editor(context.world.environment, file.path()));
    const std::string text = TRY(read_file(file.path()));
    const Result<std::string> parsed = yaml_to_json(text);
    std::string problem;
    if (!parsed) problem = parsed.error().message;
    else if (*parsed == "null") return std::string("{}");
    else if (!parsed->starts_with('{')) problem = "a mapping of fields is needed";
    else return *parsed;
    context.console.error(problem);
    const Expected<std::string> again = context.console.ask("Edit again? [Y/n] ");
    if (!again || (!again->empty() && *again != "y" && *again != "Y")) return usage_error("Nothing was changed.");
  }
}

Expected<int> edit(Context& context) {
  if (!context.console.in_is_terminal()) return usage_error("edit needs a terminal.", "coffer set PATH NAME=VALUE");
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const KvTarget target = TRY(store.place(context.arguments[0]));
  const std::optional<SecretVersion> before = TRY(store.read(target));
  const std::string old_fields = before && before->has_fields() ? before->fields : "{}";
  const PrivateFile file = TRY(PrivateFile::make(context.world.environment, "secret.yaml", text_for(target, old_fields)));
  const std::string new_fields = TRY(edited(context, file));
  const Result<json::Document> old_document = json::Document::parse(old_fields), new_document = json::Document::parse(new_fields);
  if (!old_document || !new_document) return usage_error("The fields cannot be read; nothing was changed.");
  if (compact_json(old_document->root(), true) == compact_json(new_document->root(), true)) {
    context.console.note("No change.");
    return exit_ok;
  }
  const std::optional<std::int64_t> number = TRY(store.write(target, new_fields, before ? before->number : 0));
  if (!number)
    return stop(exit_server, fmt::format("Somebody changed {} in the meantime; nothing was written.", target.path), fmt::format("coffer diff {0}, then coffer edit {0}", target.path));
  context.console.note(*number > 0 ? fmt::format("{} is now at version {}.", target.path, *number) : fmt::format("{} is written.", target.path));
  return exit_ok;
}

}  // namespace

void add_edit_command(std::vector<CommandSpec>& table) {
  CommandSpec command{"edit", "PATH", "Edit a secret in your editor",
                      "Opens the fields as YAML in $VISUAL or $EDITOR, in a file of yours alone that lies in memory and is wiped afterwards.",
                      {{"All its fields", "edit kv/app"}}, {}, http_flags, 1, 1, edit, Audience::coffer, Completes::secret_path};
  table.push_back(std::move(command));
}

}  // namespace coffer::cli
