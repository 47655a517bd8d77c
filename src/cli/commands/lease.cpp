#include <fmt/format.h>

#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

Expected<int> lookup(Context& context) {
  Client& client = *TRY(context.client());
  const std::string id = trim_space(context.arguments[0]);
  Reply<MaybeAnswer> answer = client.write("sys/leases/lookup", json_pair("lease_id", id));
  if (!answer) return std::unexpected(failed(fmt::format("error looking up lease id {}: ", id), std::move(answer).error()));
  if (!*answer) return stop(exit_server, "No value found at sys/leases/lookup");
  return output_answer(context, **answer);
}

Expected<int> renew(Context& context) {
  Client& client = *TRY(context.client());
  const std::string id = trim_space(context.arguments[0]);
  std::string body;
  json::Writer(body)
      .begin_object()
      .key("lease_id").string(id)
      .key("increment").integer(whole_seconds(context.flags.duration("increment")))
      .end_object();
  Reply<MaybeAnswer> answer = client.write("sys/leases/renew", std::move(body));
  if (!answer) return std::unexpected(failed(fmt::format("Error renewing {}: ", id), std::move(answer).error()));
  if (!*answer) return stop(exit_server, "Error renewing: the server gave no answer");
  return output_answer(context, **answer);
}

Expected<int> revoke(Context& context) {
  const bool force = context.flags.boolean("force"), prefix = context.flags.boolean("prefix"), sync = context.flags.boolean("sync");
  if (force && !prefix) return usage_error("Specifying -force requires also specifying -prefix");
  Client& client = *TRY(context.client());
  const std::string id = trim_space(context.arguments[0]);
  if (force) context.console.warn(wrap_words("Warning! Force-removing leases can leave credentials alive in the systems that they belong to!"));
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  if (!prefix) writer.key("lease_id").string(id);
  if (!force) writer.key("sync").boolean(sync);
  writer.end_object();
  std::string path = "sys/leases/revoke";
  if (prefix) path = (force ? "sys/leases/revoke-force/" : "sys/leases/revoke-prefix/") + trim_slashes(id);
  Reply<MaybeAnswer> answer = client.write(path, std::move(body));
  if (!answer) {
    std::string what = fmt::format("Error revoking lease {}: ", id);
    if (force) what = fmt::format("Error force revoking leases with prefix {}: ", id);
    else if (prefix) what = fmt::format("Error revoking leases with prefix {}: ", id);
    return std::unexpected(failed(what, std::move(answer).error()));
  }
  if (force) context.console.line("Success! Force revoked any leases with prefix: " + id);
  else if (!sync) context.console.line("All revocation operations queued successfully!");
  else context.console.line((prefix ? "Success! Revoked any leases with prefix: " : "Success! Revoked lease: ") + id);
  return exit_ok;
}

}  // namespace

void add_lease_commands(std::vector<CommandSpec>& table) {
  table.push_back({"lease", "", "Interact with leases"});
  table.push_back({"lease lookup", "ID", "Print information about a lease", {}, {{"Of database credentials", "lease lookup database/creds/app/2f6a61..."}}, {},
                   http_flags | format_flag, 1, 1, lookup});
  table.push_back({"lease renew", "ID", "Renew a lease", {}, {{"For half an hour", "lease renew -increment=30m database/creds/app/2f6a61..."}},
                   {{"increment", FlagKind::duration, "How long it should last from now; the server may give less.", {}, {}, "i"}}, http_flags | format_flag, 1, 1,
                   renew});
  table.push_back({"lease revoke", "ID", "Revoke leases and the secrets behind them", "Queues the revocation, unless -sync waits for it.",
                   {{"One lease", "lease revoke database/creds/app/2f6a61..."}, {"All of a role", "lease revoke -prefix database/creds/app"}},
                   {{"force", FlagKind::boolean, "Forget the leases even if the secrets cannot be taken back; with -prefix only.", "false", {}, "f"},
                    {"prefix", FlagKind::boolean, "ID is the beginning of the leases' ids.", "false"},
                    {"sync", FlagKind::boolean, "Wait until it is done.", "false"}},
                   http_flags, 1, 1, revoke});
}

}  // namespace coffer::cli
