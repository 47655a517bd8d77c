#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/commands/common.h"

namespace coffer::cli {
namespace {

Expected<int> monitor(Context& context) {
  const std::string level = ascii_lower(trim_space(context.flags.text("log-level")));
  const std::string format = context.flags.text("log-format");
  bool known = false;
  for (const std::string_view name : {"trace", "debug", "info", "warn", "error"}) known = known || level == name;
  if (!known) return usage_error(fmt::format("{} is an unknown log level. Valid log levels are: trace, debug, info, warn, error", level));
  if (format != "standard" && format != "json") return usage_error(fmt::format("{} is an unknown log format. Valid log formats are: standard, json", format));
  Client& client = *TRY(context.client());
  Console& console = context.console;
  Reply<HttpResponse> answer = client.stream("sys/monitor", {{"log_level", level}, {"log_format", format}}, [&console](std::string_view chunk) {
    console.write_out(chunk);
    return true;
  });
  if (!answer) return std::unexpected(failed("Error starting monitor: ", std::move(answer).error()));
  return exit_ok;
}

}  // namespace

void add_monitor_commands(std::vector<CommandSpec>& table) {
  table.push_back({"monitor", "", "Stream log messages from the server", "Prints the server's log as it is written, until it is interrupted.",
                   {{"With details", "monitor -log-level=debug"}},
                   {{"log-level", FlagKind::text, "Least level to print.", "info", {}, {}, "trace|debug|info|warn|error"},
                    {"log-format", FlagKind::text, "Form of the lines.", "standard", {}, {}, "standard|json"}},
                   http_flags, 0, 0, monitor});
}

}  // namespace coffer::cli
