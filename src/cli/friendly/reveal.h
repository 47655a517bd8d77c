#pragma once
#include "cli/context.h"

namespace coffer::cli {

// Whether values are printed: with --reveal always; else never on a terminal, nor where an automatic agent runs the command (its transcript
// would keep them); into pipes and files yes, since scripts must work.
[[nodiscard]] bool values_shown(const Context& context);
// Whether the environment has a mark of an automatic agent.
[[nodiscard]] bool run_by_agent(const Environment& environment);
[[nodiscard]] FlagSpec reveal_flag();

// "2 hours ago", from an RFC 3339 time; the text itself where it is none.
[[nodiscard]] std::string ago(std::string_view rfc3339_text);

}  // namespace coffer::cli
