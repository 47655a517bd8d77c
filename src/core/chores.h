#pragma once
#include "core/runtime.h"

namespace coffer::core {

// Runs what backends have to do on their mounts without being asked (Backend::has_chores), each mount in a transaction of its own. For background work.
[[nodiscard]] Result<void> do_chores(Runtime& runtime);

}  // namespace coffer::core
