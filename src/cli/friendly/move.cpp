#include <fmt/format.h>

#include "cli/friendly/store.h"

namespace coffer::cli {
namespace {

struct Job {
  KvTarget from, to;
};

// What is to be copied: one secret, or all beneath a folder with the same names beneath the other.
Expected<std::vector<Job>> jobs_of(Context& context, SecretStore& store) {
  const std::string from = trim_slashes(context.arguments[0]);
  std::string to = trim_slashes(context.arguments[1]);
  std::vector<Job> jobs;
  if (!context.flags.boolean("recursive")) {
    // "cp kv/a/app kv/b/" puts it into the folder.
    if (context.arguments[1].ends_with('/')) to += "/" + from.substr(from.rfind('/') + 1);
    jobs.push_back({TRY(store.place(from)), TRY(store.place(to))});
  } else {
    if ((to + "/").starts_with(from + "/")) return usage_error(fmt::format("{} lies in {} itself.", to, from), "choose a folder outside");
    CHECK_OK(store.walk(from, [&](const std::string& path) -> Expected<void> {
      jobs.push_back({TRY(store.place(path)), TRY(store.place(to + path.substr(from.size())))});
      return {};
    }));
    if (jobs.empty()) return stop(exit_server, fmt::format("There is nothing beneath {}.", from), fmt::format("coffer ls {}", from));
  }
  for (const Job& job : jobs)
    if (job.from.path == job.to.path) return usage_error(fmt::format("{} would be copied onto itself.", job.from.path));
  return jobs;
}

Expected<void> copy_version(SecretStore& store, const Job& job, const SecretVersion& version, std::int64_t cas) {
  if (TRY(store.write(job.to, version.fields, cas))) return {};
  return stop(exit_server, fmt::format("{} exists already.", job.to.path), "--overwrite writes a new version of it");
}

// Copies the current version, or all that can be read, oldest first.
Expected<void> copy_one(Context& context, SecretStore& store, const Job& job, bool with_history) {
  const bool overwrite = context.flags.boolean("overwrite");
  if (!overwrite && !job.to.v2 && TRY(store.read(job.to)))
    return stop(exit_server, fmt::format("{} exists already.", job.to.path), "--overwrite replaces it");
  const SecretVersion current = TRY(store.need(job.from));
  std::int64_t cas = overwrite || !job.to.v2 ? -1 : 0;
  if (with_history && job.from.v2 && job.to.v2) {
    for (const SecretVersion& listed : TRY(store.versions(job.from))) {
      if (listed.number == current.number || listed.destroyed || !listed.deleted.empty()) continue;
      const std::optional<SecretVersion> version = TRY(store.read(job.from, listed.number));
      if (!version || !version->has_fields()) continue;
      CHECK_OK(copy_version(store, job, *version, cas));
      if (cas >= 0) ++cas;
    }
  }
  CHECK_OK(copy_version(store, job, current, cas));
  if (job.from.v2 && job.to.v2 && !current.custom_metadata.empty()) CHECK_OK(store.set_custom_metadata(job.to, current.custom_metadata));
  return {};
}

Expected<int> copy_or_move(Context& context, bool move) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const std::vector<Job> jobs = TRY(jobs_of(context, store));
  if (context.flags.boolean("dry-run")) {
    for (const Job& job : jobs) context.console.line(fmt::format("{} -> {}", job.from.path, job.to.path));
    return exit_ok;
  }
  if (move && jobs.size() > 1)
    CHECK_OK(context.confirm(fmt::format("Move {} secrets to {}, and delete the old paths?", jobs.size(), trim_slashes(context.arguments[1]))));
  const bool with_history = move || context.flags.boolean("versions");
  Progress progress(context.console, move ? "moving" : "copying");
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    CHECK_OK(copy_one(context, store, jobs[i], with_history));
    // Only when the copy is there is the original deleted: whatever fails, nothing is lost.
    if (move) CHECK_OK(store.remove(jobs[i].from, true));
    progress.step(i + 1, jobs.size());
  }
  context.console.note(fmt::format("{} {} secret{}.", move ? "Moved" : "Copied", jobs.size(), jobs.size() == 1 ? "" : "s"));
  return exit_ok;
}

Expected<int> copy(Context& context) { return copy_or_move(context, false); }
Expected<int> move(Context& context) { return copy_or_move(context, true); }

}  // namespace

void add_move_commands(std::vector<CommandSpec>& table) {
  const FlagSpec recursive{"recursive", FlagKind::boolean, "All secrets beneath the folder.", "false", {}, "R"};
  const FlagSpec overwrite{"overwrite", FlagKind::boolean, "Write over secrets that exist there.", "false"};
  const FlagSpec dry_run{"dry-run", FlagKind::boolean, "Only say what would be done.", "false"};
  const auto add = [&](CommandSpec command) {
    command.audience = Audience::coffer;
    command.completes = Completes::secret_path;
    table.push_back(std::move(command));
  };
  add({"cp", "FROM TO", "Copy a secret or a folder", "Copies the current version and the metadata; values pass through this program and are not shown.",
       {{"One secret", "cp kv/app/dev kv/app/prod"}, {"A folder, with history", "cp -R -versions kv/app kv/app-copy"}},
       {recursive, overwrite, {"versions", FlagKind::boolean, "Copy all versions that can be read.", "false"}, dry_run}, http_flags, 2, 2, copy});
  add({"mv", "FROM TO", "Move a secret or a folder", "Copies with all versions that can be read, then deletes the old path.",
       {{"A new name", "mv kv/app kv/shop"}, {"A folder, after looking", "mv -R --dry-run kv/team-a kv/payments"}}, {recursive, overwrite, dry_run},
       http_flags | confirm_flag, 2, 2, move});
}

}  // namespace coffer::cli
