#include "cli/friendly/reveal.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace coffer::cli {

bool run_by_agent(const Environment& environment) {
  for (const char* marker : {"AI_AGENT", "AGENT", "COFFER_AGENT", "CURSOR_AGENT", "GEMINI_CLI", "CODEX_SANDBOX"})
    if (!environment.variable(marker).empty()) return true;
  return false;
}

bool values_shown(const Context& context) {
  if (context.flags.boolean("reveal")) return true;
  return !context.console.out_is_terminal() && !run_by_agent(context.world.environment);
}

FlagSpec reveal_flag() {
  return {"reveal", FlagKind::boolean, "Print values in clear; else they are masked on a terminal, and printed into pipes and files.", "false"};
}

std::string ago(std::string_view rfc3339_text) {
  const Result<Time> time = parse_rfc3339(rfc3339_text);
  if (!time) return std::string(rfc3339_text);
  const std::int64_t seconds = unix_seconds(system_clock().now()) - unix_seconds(*time);
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  static constexpr Unit units[] = {{365 * 86400, "year"}, {30 * 86400, "month"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}};
  for (const Unit& unit : units)
    if (seconds >= unit.seconds) return fmt::format("{} {}{} ago", seconds / unit.seconds, unit.name, seconds / unit.seconds == 1 ? "" : "s");
  return "just now";
}

}  // namespace coffer::cli
