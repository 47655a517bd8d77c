#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/common.h"

// Secrets engines and auth methods are mounted alike; what both groups of commands share.
namespace coffer::cli {

enum class MountKind : std::uint8_t { secrets, auth };

[[nodiscard]] std::vector<FlagSpec> mount_flags(MountKind kind, bool tune);
// Bodies of POST sys/mounts/:path (or sys/auth/:path) and of its tune.
[[nodiscard]] std::string enable_body(const Context& context, MountKind kind, std::string_view type);
[[nodiscard]] std::string tune_body(const Context& context, MountKind kind);
[[nodiscard]] Expected<int> list_mounts(Context& context, MountKind kind);
// Starts a move and waits for its end.
[[nodiscard]] Expected<int> move_mount(Context& context, std::string_view thing, const std::string& from, const std::string& to);

}  // namespace coffer::cli
