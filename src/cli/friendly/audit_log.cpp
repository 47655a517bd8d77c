#include "audit/audit.h"
#include "audit/tail.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <thread>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

Expected<audit::Filter> filter_of(const Context& context) {
  audit::Filter filter;
  filter.entity = context.flags.text("entity");
  filter.path = context.flags.text("path");
  filter.operation = context.flags.text("operation");
  filter.type = context.flags.text("type");
  filter.outcome = context.flags.text("outcome");
  filter.request_id = context.flags.text("id");
  if (const std::string since = context.flags.text("since"); !since.empty()) {
    if (const Result<Duration> age = parse_flag_duration(since)) {
      filter.since = system_clock().now() - *age;
    } else {
      const Result<Time> time = parse_rfc3339(since);
      if (!time) return usage_error(fmt::format("-since={}: neither a duration nor a time", since), "such as 2h, or 2026-01-02T03:04:05Z");
      filter.since = *time;
    }
  }
  if (const Result<void> fits = audit::check_filter(filter); !fits) return usage_error(fits.error().message);
  return filter;
}

// Prints the lines that pass; counts those that are no records.
class Printer {
 public:
  Printer(Context& context, audit::Filter filter)
      : context_(context),
        filter_(std::move(filter)),
        color_(context.console.out_is_terminal() && context.world.environment.variable("NO_COLOR").empty()) {}

  void take(const std::string& line) {
    if (line.empty()) return;
    const Result<std::optional<std::string>> shown = audit::render(line, filter_, color_);
    if (!shown) {
      ++unreadable_;
      return;
    }
    if (!*shown) return;
    ++printed_;
    context_.console.line(context_.is_table() ? **shown : line);
  }
  [[nodiscard]] std::size_t printed() const { return printed_; }
  void report() const {
    if (unreadable_ > 0) context_.console.note(fmt::format("{} line{} no audit record.", unreadable_, unreadable_ == 1 ? " is" : "s are"));
  }

 private:
  Context& context_;
  audit::Filter filter_;
  bool color_;
  std::size_t printed_ = 0, unreadable_ = 0;
};

Expected<int> tail(Context& context) {
  Printer printer(context, TRY(filter_of(context)));
  const std::string& path = context.arguments[0];
  std::ifstream in(path, std::ios::binary);
  if (!in) return usage_error(fmt::format("cannot read {}: {}", path, ascii_message(errno)), "give the file that the audit device writes");
  // The last lines first, then what comes.
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(context.flags.integer("lines", 20), 0));
  std::vector<std::string> last;
  std::string line, partial;
  while (std::getline(in, line)) {
    if (in.eof()) {
      partial = line;
      break;
    }
    last.push_back(line);
    if (last.size() > wanted) last.erase(last.begin());
  }
  for (const std::string& one : last) printer.take(one);
  if (!context.flags.boolean("follow")) {
    printer.report();
    return exit_ok;
  }
  for (;;) {
    in.clear();
    while (std::getline(in, line)) {
      partial += line;
      if (in.eof()) break;
      printer.take(partial);
      partial.clear();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Expected<int> search(Context& context) {
  Printer printer(context, TRY(filter_of(context)));
  for (const std::string& path : context.arguments) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return usage_error(fmt::format("cannot read {}: {}", path, ascii_message(errno)));
    std::string line;
    while (std::getline(in, line)) printer.take(line);
  }
  printer.report();
  return printer.printed() > 0 ? exit_ok : exit_local;
}

Expected<int> verify(Context& context) {
  audit::VerifyOptions options;
  options.public_key = context.flags.text("public-key");
  options.node = context.flags.text("node");
  if (const std::string folder = context.flags.text("data"); !folder.empty()) {
    options.newest = audit::stored_head(folder);
    if (!options.newest)
      return usage_error(fmt::format("{} keeps no state of an audit chain.", folder),
                         "give the data folder of the server, or leave -data out");
  }
  const Result<audit::VerifyReport> report = audit::verify(context.arguments, options);
  if (!report) return usage_error(report.error().message);
  if (!context.is_table()) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object()
        .key("ok")
        .boolean(report->ok)
        .key("records")
        .integer(static_cast<std::int64_t>(report->records))
        .key("checkpoints")
        .integer(static_cast<std::int64_t>(report->checkpoints))
        .key("unsigned_tail")
        .integer(static_cast<std::int64_t>(report->unsigned_tail))
        .key("public_key")
        .string(report->public_key)
        .key("first_problem")
        .string(report->first_problem)
        .key("notes")
        .raw(json_list(report->notes))
        .end_object();
    CHECK_OK(output_json(context, out));
    return report->ok ? exit_ok : exit_server;
  }
  for (const std::string& note : report->notes) context.console.note(note);
  std::vector<Row> rows{{"Records", std::to_string(report->records)},
                        {"Checkpoints", std::to_string(report->checkpoints)},
                        {"Records behind the last checkpoint", std::to_string(report->unsigned_tail)},
                        {"Public Key", report->public_key}};
  context.console.line(columns(rows));
  if (!report->ok) return stop(exit_server, "The log is not as it was written: " + report->first_problem);
  context.console.line("Success! The chain is whole.");
  if (options.public_key.empty() && !report->public_key.empty())
    context.console.note("The checkpoints were checked with the key that they name; -public-key says which key must have signed them.");
  return exit_ok;
}

}  // namespace

void add_audit_log_commands(std::vector<CommandSpec>& table) {
  const std::vector<FlagSpec> filters{
      {"entity", FlagKind::text, "Only of this entity (id) or display name."},
      {"path", FlagKind::text, "Only requests to paths that begin so."},
      {"operation", FlagKind::text, "Only this operation.", {}, {}, {}, "read|create|update|delete|list|patch"},
      {"type", FlagKind::text, "Only records of this type.", {}, {}, {}, "request|response|checkpoint"},
      {"outcome", FlagKind::text, "Only requests that ended so.", {}, {}, {}, "ok|denied|failed"},
      {"id", FlagKind::text, "Only the request of this id."},
      {"since", FlagKind::text, "Only records from then on: a duration back from now, or a time."},
  };
  std::vector<FlagSpec> tail_flags = filters;
  tail_flags.push_back({"lines", FlagKind::integer, "How many of the last lines to look at.", "20", {}, "n"});
  tail_flags.push_back({"follow", FlagKind::boolean, "Go on as records come, until stopped.", "false", {}, "f"});
  const auto add = [&](CommandSpec command) {
    command.audience = Audience::coffer;
    command.completes = Completes::file;
    table.push_back(std::move(command));
  };
  add({"audit tail",
       "FILE",
       "Show an audit log, readable",
       "Prints the last records of an audit file, a line each; with -follow also those that come.",
       {{"What is denied, as it happens", "audit tail -follow -outcome=denied /var/log/coffer/audit.log"}},
       tail_flags,
       format_flag,
       1,
       1,
       tail});
  add({"audit search",
       "FILE...",
       "Search audit logs",
       "Prints the records that fit. Exit code 1 when none does.",
       {{"Who read this secret today", "audit search -path=kv/data/prod/db -since=24h /var/log/coffer/audit.log"}},
       filters,
       format_flag,
       1,
       -1,
       search});
  add({"audit verify",
       "FILE...",
       "Check that an audit log is as it was written",
       "Checks the hash chain and the signed checkpoints of audit files, oldest first, without a server. Exit code 2 when they do not "
       "hold.",
       {{"All files of a device", "audit verify /var/log/coffer/audit.log.1 /var/log/coffer/audit.log"}},
       {{"public-key", FlagKind::text, "Key that must have signed the checkpoints, in hex."},
        {"node", FlagKind::text, "Only this node's records."},
        {"data", FlagKind::text, "Data folder of the server: the files must reach what it last kept."}},
       format_flag,
       1,
       -1,
       verify});
}

}  // namespace coffer::cli
