#include <fnmatch.h>
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/friendly/store.h"

namespace coffer::cli {
namespace {

// Names of a folder, or the mounts when no folder is given.
Expected<std::vector<std::string>> names_in(SecretStore& store, const std::string& folder) {
  if (folder.empty()) return store.mounts();
  return store.list(TRY(store.place(folder)));
}

Expected<std::vector<std::string>> names_beneath(Context& context, SecretStore& store, const std::string& folder) {
  std::vector<std::string> out;
  Progress progress(context.console, "listing");
  std::vector<std::string> roots{folder};
  if (folder.empty()) roots = TRY(store.mounts());
  for (const std::string& root : roots)
    CHECK_OK(store.walk(trim_slashes(root), [&](const std::string& path) -> Expected<void> {
      out.push_back(path);
      progress.step(out.size());
      return {};
    }));
  return out;
}

Expected<int> print_names(Context& context, const std::vector<std::string>& names, const std::string& folder) {
  if (!context.is_table()) return output_json(context, json_list(names));
  if (names.empty()) {
    context.console.note(folder.empty() ? "There is no KV mount that you may see." : fmt::format("There is nothing in {}.", folder));
    return exit_ok;
  }
  for (const std::string& name : names) context.console.line(name);
  return exit_ok;
}

Expected<int> ls(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const std::string folder = context.arguments.empty() ? std::string() : trim_slashes(context.arguments[0]);
  const std::vector<std::string> names =
      context.flags.boolean("recursive") ? TRY(names_beneath(context, store, folder)) : TRY(names_in(store, folder));
  return print_names(context, names, folder);
}

struct Tree {
  Context& context;
  SecretStore& store;
  std::size_t secrets = 0, folders = 0;

  Expected<void> print(const std::string& folder, const std::string& indent, std::int64_t depth) {
    const std::vector<std::string> names = TRY(names_in(store, folder));
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool last = i + 1 == names.size();
      const std::string& name = names[i];
      context.console.line(indent + (last ? "└── " : "├── ") + name);
      if (!name.ends_with('/')) {
        ++secrets;
        continue;
      }
      ++folders;
      if (depth == 1) continue;
      const std::string path = folder.empty() ? trim_slashes(name) : folder + "/" + trim_slashes(name);
      CHECK_OK(print(path, indent + (last ? "    " : "│   "), depth - 1));
    }
    return {};
  }
};

Expected<int> tree(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const std::string folder = context.arguments.empty() ? std::string() : trim_slashes(context.arguments[0]);
  context.console.line(folder.empty() ? "." : folder + "/");
  Tree printer{context, store};
  CHECK_OK(printer.print(folder, "", context.flags.integer("depth", 0)));
  context.console.note(fmt::format("{} secret{}, {} folder{}", printer.secrets, printer.secrets == 1 ? "" : "s", printer.folders, printer.folders == 1 ? "" : "s"));
  return exit_ok;
}

// A pattern with * ? [ is a glob over the whole path; any other is looked for anywhere in it, in either case.
bool matches(const std::string& pattern, const std::string& path) {
  if (pattern.find_first_of("*?[") != std::string::npos)
    return ::fnmatch(pattern.c_str(), path.c_str(), 0) == 0 || ::fnmatch(("*/" + pattern).c_str(), path.c_str(), 0) == 0;
  return ascii_lower(path).find(ascii_lower(pattern)) != std::string::npos;
}

Expected<int> find(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const std::string pattern = context.arguments.back();
  const std::string folder = context.arguments.size() > 1 ? trim_slashes(context.arguments[0]) : std::string();
  const bool in_fields = context.flags.boolean("fields");
  std::vector<std::string> found;
  std::size_t unreadable = 0, done = 0;
  const std::vector<std::string> paths = TRY(names_beneath(context, store, folder));
  Progress progress(context.console, "searching");
  for (const std::string& path : paths) {
    progress.step(++done, paths.size());
    if (matches(pattern, path)) found.push_back(path);
    if (!in_fields) continue;
    const Expected<std::optional<SecretVersion>> version = store.read(TRY(store.place(path)));
    if (!version) {
      ++unreadable;
      continue;
    }
    if (!*version || !(*version)->has_fields()) continue;
    const Result<json::Document> fields = json::Document::parse((*version)->fields);
    if (!fields) continue;
    for (const auto& member : sorted_members(fields->root()))
      if (matches(pattern, std::string(member.key))) found.push_back(fmt::format("{}#{}", path, member.key));
  }
  if (unreadable > 0) context.console.note(fmt::format("{} secrets could not be read and were left out.", unreadable));
  if (found.empty() && context.is_table()) return stop(exit_local, fmt::format("Nothing matches \"{}\".", pattern));
  return print_names(context, found, folder);
}

}  // namespace

void add_browse_commands(std::vector<CommandSpec>& table) {
  const FlagSpec recursive{"recursive", FlagKind::boolean, "List all secrets beneath, as full paths.", "false", {}, "R"};
  const auto add = [&](CommandSpec command) {
    command.audience = Audience::coffer;
    command.completes = Completes::folder;
    table.push_back(std::move(command));
  };
  add({"ls", "[PATH]", "List secrets and folders", "Lists a folder; without PATH the KV mounts that you may see.", {{"Your mounts", "ls"}, {"All beneath a folder", "ls -R kv/apps"}},
       {recursive}, http_flags | format_flag, 0, 1, ls});
  add({"tree", "[PATH]", "Show secrets and folders as a tree", {}, {{"Two levels", "tree -depth=2 kv"}}, {{"depth", FlagKind::integer, "Show so many levels; 0: all.", "0"}},
       http_flags, 0, 1, tree});
  add({"find", "[PATH] PATTERN", "Search secrets by name",
       "Looks for a text in the paths, or for a glob when it has *, ? or [. With --fields in the names of fields too; never in values.",
       {{"Anything about databases", "find db"}, {"By glob, in one mount", "find kv '*/prod/*'"}},
       {{"fields", FlagKind::boolean, "Look in the names of fields too; this reads the secrets.", "false"}}, http_flags | format_flag, 1, 2, find});
}

}  // namespace coffer::cli
