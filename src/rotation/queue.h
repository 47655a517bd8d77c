#pragma once
#include "rotation/job.h"

namespace coffer::rotation {

// due_jobs(), from behind the entry with that key on: for who looks through a long queue piece by piece.
[[nodiscard]] Result<std::vector<Due>> due_jobs_after(const Snapshot& view, Time now, std::string_view after, std::size_t limit);

}  // namespace coffer::rotation
