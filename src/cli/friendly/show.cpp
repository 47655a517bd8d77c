#include <fmt/format.h>

#include "cli/friendly/masking.h"
#include "cli/friendly/reveal.h"
#include "cli/friendly/store.h"
#include "cli/output/json_text.h"

namespace coffer::cli {
namespace {

std::string shown_value(json::Value value, bool clear) {
  const std::string text = value.is_array() || value.is_object() ? compact_json(value, true) : go_value(value);
  return clear ? text : masked_value(text);
}

// The first line over a secret: what, which version, how old.
std::string title_of(const KvTarget& target, const SecretVersion& version) {
  std::string out = target.path;
  if (version.number > 0) out += fmt::format("   version {}, changed {}", version.number, ago(version.created));
  return out;
}

Expected<int> get(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const Reference reference = TRY(parse_reference(context.arguments[0], false));
  std::string field = context.arguments.size() > 1 ? context.arguments[1] : reference.field;
  const bool by_flag = !context.field().empty();
  if (by_flag) field = context.field();
  const KvTarget target = TRY(store.place(reference.path));
  const std::int64_t asked = context.flags.given("version") ? context.flags.integer("version", 0) : reference.version;
  const SecretVersion version = TRY(store.need(target, asked));
  const Result<json::Document> document = json::Document::parse(version.fields);
  if (!document) return stop(exit_server, document.error().message);
  const json::Value fields = document->root();
  const bool clear = values_shown(context);
  if (!field.empty()) {
    const std::optional<json::Value> value = fields.find(field);
    if (!value) {
      std::string names;
      for (const auto& member : sorted_members(fields)) names += (names.empty() ? "" : ", ") + std::string(member.key);
      return usage_error(fmt::format("{} has no field \"{}\".", target.path, field), fmt::format("its fields are: {}", names.empty() ? "none" : names));
    }
    // To name one field by flag is to ask for its value.
    if (!clear && !(by_flag && !run_by_agent(context.world.environment))) {
      context.console.line(shown_value(*value, false));
      context.console.note("Next: add --reveal to see the value.");
      return exit_ok;
    }
    return output_member(context, fields, field);
  }
  if (!context.is_table()) {
    if (!clear && run_by_agent(context.world.environment)) return usage_error("Values are not printed where an agent runs the command.", "say --reveal if it may see them");
    // The shape of `kv get -format=json` on a versioned mount, whichever the mount is.
    std::string out;
    json::Writer writer(out);
    writer.begin_object().key("data").begin_object().key("data").raw(version.fields).key("metadata").begin_object();
    writer.key("path").string(target.path).key("version").integer(version.number).key("created_time").string(version.created);
    writer.end_object().end_object().end_object();
    return output_json(context, out);
  }
  context.console.line(title_of(target, version));
  std::vector<Row> rows{{"Field", "Value"}};
  for (const auto& member : sorted_members(fields)) rows.push_back({std::string(member.key), shown_value(member.value, clear)});
  if (rows.size() > 1) context.console.line(table(std::move(rows)));
  if (!clear) context.console.note("Next: add --reveal, or -field=NAME, to see values.");
  return exit_ok;
}

std::string state_of(const SecretVersion& version) {
  if (version.destroyed) return "destroyed";
  if (version.deleted.empty()) return "there";
  const Result<Time> when = parse_rfc3339(version.deleted);
  return when && *when > system_clock().now() ? "will be deleted" : "deleted " + ago(version.deleted);
}

Expected<int> history(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const KvTarget target = TRY(store.place(context.arguments[0]));
  if (!target.v2) return usage_error(fmt::format("{} keeps no history: the mount {} has KV version 1.", target.path, target.mount),
                                     fmt::format("coffer kv enable-versioning {}", target.mount));
  const std::vector<SecretVersion> versions = TRY(store.versions(target));
  if (versions.empty()) return stop(exit_server, fmt::format("There is no secret at {}.", target.path), fmt::format("coffer ls {}", target.mount));
  if (!context.is_table()) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const SecretVersion& version : versions)
      writer.begin_object()
          .key("version").integer(version.number)
          .key("created_time").string(version.created)
          .key("deletion_time").string(version.deleted)
          .key("destroyed").boolean(version.destroyed)
          .end_object();
    writer.end_array();
    return output_json(context, out);
  }
  std::vector<Row> rows{{"Version", "Created", "Age", "State"}};
  for (auto version = versions.rbegin(); version != versions.rend(); ++version)
    rows.push_back({std::to_string(version->number), version->created, ago(version->created), state_of(*version)});
  context.console.line(table(std::move(rows)));
  return exit_ok;
}

struct Side {
  std::string title;
  json::Document fields;
};

Expected<Side> side_of(SecretStore& store, const KvTarget& target, std::int64_t number) {
  const SecretVersion version = TRY(store.need(target, number));
  Result<json::Document> document = json::Document::parse(version.fields);
  if (!document) return stop(exit_server, document.error().message);
  return Side{version.number > 0 ? fmt::format("{} version {}", target.path, version.number) : target.path, std::move(*document)};
}

// Prints what differs; true when anything does.
bool print_difference(Context& context, const Side& before, const Side& after, bool clear) {
  context.console.line("--- " + before.title);
  context.console.line("+++ " + after.title);
  bool differs = false;
  std::map<std::string, std::pair<std::optional<json::Value>, std::optional<json::Value>>> fields;
  for (const auto& member : before.fields.root().members()) fields[std::string(member.key)].first = member.value;
  for (const auto& member : after.fields.root().members()) fields[std::string(member.key)].second = member.value;
  for (const auto& [name, values] : fields) {
    const auto& [old_value, new_value] = values;
    if (old_value && new_value && compact_json(*old_value, true) == compact_json(*new_value, true)) continue;
    differs = true;
    if (old_value) context.console.line(fmt::format("-{}: {}", name, shown_value(*old_value, clear)));
    if (new_value) context.console.line(fmt::format("+{}: {}", name, shown_value(*new_value, clear)));
  }
  if (!differs) context.console.line("(the same)");
  return differs;
}

Expected<int> diff(Context& context) {
  Client& client = *TRY(context.client());
  SecretStore store(context, client);
  const KvTarget left = TRY(store.place(context.arguments[0]));
  const bool two = context.arguments.size() == 2;
  const KvTarget right = two ? TRY(store.place(context.arguments[1])) : left;
  std::int64_t from = context.flags.integer("from", 0);
  const std::int64_t to = context.flags.integer("to", 0);
  if (!two && from == 0) {
    // The newest version before the one compared with that can still be read.
    const std::int64_t newer = to != 0 ? to : TRY(store.need(left)).number;
    for (const SecretVersion& version : TRY(store.versions(left)))
      if (!version.destroyed && version.deleted.empty() && version.number < newer) from = version.number;
    if (from == 0) return usage_error(fmt::format("{} has no earlier version to compare with.", left.path), fmt::format("coffer history {}", left.path));
  }
  const Side before = TRY(side_of(store, left, from));
  const Side after = TRY(side_of(store, right, to));
  // Like diff(1): 0 the same, 1 different.
  return print_difference(context, before, after, context.flags.boolean("reveal")) ? 1 : exit_ok;
}

}  // namespace

void add_show_commands(std::vector<CommandSpec>& table) {
  constexpr FlagGroups usual = http_flags | format_flag | field_flag;
  const auto add = [&](CommandSpec command) {
    command.audience = Audience::coffer;
    command.completes = Completes::secret_path;
    table.push_back(std::move(command));
  };
  add({"get", "PATH [FIELD]", "Show a secret",
       "Shows a secret of any KV mount, whichever its version. On a terminal values are masked; --reveal shows them, and -field prints one alone.",
       {{"What is there", "get kv/app"}, {"One value", "get kv/app -field=password"}, {"An older version", "get kv/app -version=2 --reveal"}},
       {{"version", FlagKind::integer, "Version to show; the current one when not given.", "0"}, reveal_flag()}, usual, 1, 2, get});
  add({"history", "PATH", "Show the versions of a secret", {}, {{"When did it change", "history kv/app"}}, {}, http_flags | format_flag, 1, 1, history});
  add({"diff", "PATH [OTHER]", "Show what differs between two versions or two secrets",
       "Compares the current version with the one before, two versions, or two secrets. Values are masked unless --reveal. Exit code: 0 the same, 1 different.",
       {{"What changed last", "diff kv/app"}, {"Two versions", "diff kv/app -from=2 -to=5"}, {"Two secrets", "diff kv/app/dev kv/app/prod"}},
       {{"from", FlagKind::integer, "Version on the left.", "0"}, {"to", FlagKind::integer, "Version on the right.", "0"}, reveal_flag()}, http_flags, 1, 2, diff});
}

}  // namespace coffer::cli
