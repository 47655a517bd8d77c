#include "core/chores.h"

#include "core/spaces.h"

namespace coffer::core {

Result<void> do_chores(Runtime& runtime) {
  const auto at = runtime.snapshot();
  const auto mounts = TRY(runtime.mounts(at));
  const Time now = runtime.clock().now();
  Result<void> first;  // a mount that fails does not keep the others from theirs
  for (const auto& mount : mounts->all()) {
    Backend& backend = *mount->slot->backend;
    const auto needed = backend.has_chores(mount->info, *runtime.view(*at, mount->space), now);
    if (needed && !*needed) continue;
    auto done =
        needed ? runtime.transact([&](RequestSpaces& spaces) { return backend.do_chores(mount->info, spaces.write(mount->space), now); })
               : Result<storage::Position>(std::unexpected(needed.error()));
    if (done)
      backend.chores_done(mount->info);
    else if (first)
      first = std::unexpected(std::move(done).error());
  }
  return first;
}

}  // namespace coffer::core
