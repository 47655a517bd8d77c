#pragma once
#include "storage/state.h"

namespace coffer::storage {

// A state in memory, gone with the process: for `inmem` storage, dev mode and tests. Snapshots are the root of an immutable tree, so that
// they cost nothing and readers take no lock; a commit copies only the path to what it changes. It has no checkpoints.
[[nodiscard]] std::unique_ptr<State> make_memory_state();
// A handle on a state that lives on when the handle goes: what is in memory outlasts the sealing of its server.
[[nodiscard]] std::unique_ptr<State> share_state(std::shared_ptr<State> state);

}  // namespace coffer::storage
