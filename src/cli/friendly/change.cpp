#include <fmt/format.h>

#include "cli/friendly/reveal.h"
#include "cli/friendly/store.h"

namespace coffer::cli {
namespace {

bool has_edge_space(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  return !text.empty() && (space.find(text.front()) != std::string_view::npos || space.find(text.back()) != std::string_view::npos);
}

// White space at a value's ends is nearly always an accident, and hard to find later: it must be said what is meant.
Expected<void> guard_space(Context& context, Fields& changes) {
  const bool trim = context.flags.boolean("trim"), verbatim = context.flags.boolean("verbatim");
  if (trim && verbatim) return usage_error("--trim and --verbatim exclude each other");
  if (verbatim) return {};
  for (auto& [name, value] : changes) {
    const Result<json::Document> parsed = json::Document::parse(value);
    if (!parsed || !parsed->root().is_string() || !has_edge_space(parsed->root().text())) continue;
    if (!trim)
      return usage_error(fmt::format("The value of \"{}\" begins or ends with white space.", name), "--trim drops it, --verbatim keeps it");
    value = json::quoted(trim_space(parsed->root().text()));
  }
  return {};
}

// "NAME" alone: the value is typed twice, unseen.
Expected<std::string> ask_value(Context& context, std::string_view name) {
  if (context.flags.boolean("non-interactive") || !context.console.in_is_terminal())
    return usage_error(fmt::format("\"{}\" has no value, and there is no terminal to ask on.", name), fmt::format("{0}=-  reads it from stdin, {0}=@file from a file", name));
  const SecretBytes first = TRY(context.console.ask_hidden(fmt::format("{} (will be hidden): ", name), false));
  const SecretBytes second = TRY(context.console.ask_hidden(fmt::format("{} again: ", name), false));
  if (!(first == second)) return usage_error("The two entries differ; nothing was changed.");
  return std::string(first.reveal_text());
}

Expected<Fields> changes_of(Context& context) {
  std::vector<std::string> arguments;
  Fields typed;
  for (std::size_t i = 1; i < context.arguments.size(); ++i) {
    const std::string& argument = context.arguments[i];
    if (argument.find('=') != std::string::npos || argument == "-" || argument.starts_with('@')) arguments.push_back(argument);
    else typed[argument] = json::quoted(TRY(ask_value(context, argument)));
  }
  Fields changes = TRY(parse_fields(arguments, 0, context.console));
  changes.insert(typed.begin(), typed.end());
  CHECK_OK(guard_space(context, changes));
  for (const std::string& name : context.flags.list("unset")) changes[name] = "null";
  return changes;
}

// "changed a, b; added c; removed d", by names only.
std::string summary_of(const std::optional<SecretVersion>& before, const Fields& changes) {
  std::string changed, added, removed;
  const auto add = [](std::string& list, std::string_view name) { list += (list.empty() ? "" : ", ") + std::string(name); };
  const Result<json::Document> fields = json::Document::parse(before && before->has_fields() ? before->fields : "{}");
  for (const auto& [name, value] : changes) {
    const bool there = fields && fields->root().find(name).has_value();
    if (value == "null") {
      if (there) add(removed, name);
    } else {
      add(there ? changed : added, name);
    }
  }
  std::string out;
  const auto part = [&](const char* verb, const std::string& names) {
    if (!names.empty()) out += (out.empty() ? "" : "; ") + std::string(verb) + " " + names;
  };
  part("added", added);
  part("changed", changed);
  part("removed", removed);
  return out.empty() ? "no fields" : out;
}

Expected<int> set(Context& context) {
  const Fields changes = TRY(changes_of(context));
  if (changes.empty()) return usage_error("Nothing to set.", "coffer set PATH NAME=VALUE, or NAME alone to type the value unseen");
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const KvTarget target = TRY(store.place(context.arguments[0]));
  const std::optional<SecretVersion> before = TRY(store.read(target));
  const std::string summary = summary_of(before, changes);
  if (context.flags.boolean("dry-run")) {
    context.console.note(fmt::format("Would write {}: {}.", target.path, summary));
    return exit_ok;
  }
  const std::int64_t number = TRY(store.merge(target, to_json(changes)));
  context.console.note(number > 0 ? fmt::format("{} is now at version {}: {}.", target.path, number, summary) : fmt::format("{} is written: {}.", target.path, summary));
  if (number > 1) context.console.note(fmt::format("Next: coffer undo {}   takes it back.", target.path));
  return exit_ok;
}

Expected<int> remove(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const bool for_good = context.flags.boolean("for-good");
  std::vector<KvTarget> targets;
  const KvTarget first = TRY(store.place(context.arguments[0]));
  if (context.flags.boolean("recursive")) {
    Progress progress(context.console, "listing");
    CHECK_OK(store.walk(first.path, [&](const std::string& path) -> Expected<void> {
      targets.push_back(TRY(store.place(path)));
      progress.step(targets.size());
      return {};
    }));
    if (targets.empty()) return stop(exit_server, fmt::format("There is nothing beneath {}.", first.path), "coffer ls");
  } else {
    if (!for_good && !TRY(store.read(first))) return stop(exit_server, fmt::format("There is no secret at {}.", first.path), fmt::format("coffer ls {}", first.mount));
    targets.push_back(first);
  }
  const bool lost = for_good || !first.v2;
  const std::string what = targets.size() == 1 ? targets[0].path : fmt::format("{} secrets beneath {}", targets.size(), first.path);
  if (context.flags.boolean("dry-run")) {
    for (const KvTarget& target : targets) context.console.line(target.path);
    context.console.note(fmt::format("Would delete {}{}.", what, lost ? " for good" : ""));
    return exit_ok;
  }
  if (lost || targets.size() > 1) CHECK_OK(context.confirm(fmt::format("Delete {}{}?", what, lost ? " for good, with all versions" : "")));
  Progress progress(context.console, "deleting");
  for (std::size_t i = 0; i < targets.size(); ++i) {
    CHECK_OK(store.remove(targets[i], for_good));
    progress.step(i + 1, targets.size());
  }
  context.console.note(fmt::format("Deleted {}{}.", what, lost ? " for good" : ""));
  if (!lost && targets.size() == 1) context.console.note(fmt::format("Next: coffer undo {}   brings it back.", first.path));
  return exit_ok;
}

Expected<int> undo(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const KvTarget target = TRY(store.place(context.arguments[0]));
  if (!target.v2) return usage_error(fmt::format("{} cannot be undone: the mount {} has KV version 1, which keeps no history.", target.path, target.mount),
                                     fmt::format("coffer kv enable-versioning {}   (for the future)", target.mount));
  const std::vector<SecretVersion> versions = TRY(store.versions(target));
  if (versions.empty()) return stop(exit_server, fmt::format("There is no secret at {}.", target.path), fmt::format("coffer ls {}", target.mount));
  const SecretVersion& current = versions.back();
  if (!current.deleted.empty() && !current.destroyed) {
    CHECK_OK(store.undelete(target, current.number));
    context.console.note(fmt::format("{} is back, at version {}.", target.path, current.number));
    return exit_ok;
  }
  const auto earlier = std::find_if(versions.rbegin() + 1, versions.rend(), [](const SecretVersion& one) { return !one.destroyed && one.deleted.empty(); });
  if (earlier == versions.rend()) return stop(exit_server, fmt::format("{} has no earlier version to go back to.", target.path), fmt::format("coffer history {}", target.path));
  const SecretVersion wanted = TRY(store.need(target, earlier->number));
  const std::optional<std::int64_t> number = TRY(store.write(target, wanted.fields, current.number));
  if (!number) return stop(exit_server, fmt::format("Somebody changed {} in the meantime; nothing was undone.", target.path), fmt::format("coffer diff {}", target.path));
  context.console.note(fmt::format("{} has the fields of version {} again, as version {}.", target.path, wanted.number, *number));
  return exit_ok;
}

}  // namespace

void add_change_commands(std::vector<CommandSpec>& table) {
  const FlagSpec dry_run{"dry-run", FlagKind::boolean, "Only say what would be done.", "false"};
  const auto add = [&](CommandSpec command) {
    command.audience = Audience::coffer;
    command.completes = Completes::secret_path;
    table.push_back(std::move(command));
  };
  add({"set", "PATH NAME[=VALUE]...", "Set fields of a secret, leaving the others",
       "Writes the named fields and keeps the rest. A NAME without value is asked for twice and not shown; NAME=- reads stdin, NAME=@file a file.",
       {{"Type a password unseen", "set kv/app password"}, {"Several fields", "set kv/app user=maya url=https://db.example.com"}, {"Remove a field", "set kv/app -unset=old"}},
       {{"unset", FlagKind::list, "Field to remove; several times for several."},
        {"trim", FlagKind::boolean, "Drop white space at the ends of values.", "false"},
        {"verbatim", FlagKind::boolean, "Keep white space at the ends of values.", "false"},
        dry_run},
       http_flags, 1, -1, set});
  add({"rm", "PATH", "Delete a secret", "Deletes the current version; undo brings it back. --for-good deletes all versions, -R all beneath a folder.",
       {{"The current version", "rm kv/app"}, {"A folder, after looking", "rm -R --dry-run kv/old"}},
       {{"recursive", FlagKind::boolean, "Delete all beneath the folder.", "false", {}, "R"},
        {"for-good", FlagKind::boolean, "Delete all versions and the metadata.", "false"},
        dry_run},
       http_flags | confirm_flag, 1, 1, remove});
  add({"undo", "PATH", "Take back the last change of a secret", "Brings a deleted secret back; else writes the version before the current one as a new version.",
       {{"After a mistake", "undo kv/app"}}, {}, http_flags, 1, 1, undo});
}

}  // namespace coffer::cli
