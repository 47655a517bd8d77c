#pragma once
#include <optional>

#include "base/random.h"
#include "engines/kv/aws/facet.h"
#include "rotation/schedule.h"

// When a secret rotates by itself.
namespace coffer::kv::aws {

// What the rules say; nothing where they name no schedule. Errors are sentences about the rules.
[[nodiscard]] Result<std::optional<rotation::Schedule>> schedule_of(const RotationRules& rules);
// Works out the window that follows a rotation at `since` and has not passed.
[[nodiscard]] Result<void> plan(Rotation& rotation, Time since, Time now);
// Whether the planned window has passed; false where none is planned.
[[nodiscard]] bool is_over(const Rotation& rotation, Time now);
// A moment within the planned window, from now on; never where none is planned.
[[nodiscard]] Time moment_of(const Rotation& rotation, Time now, Random& random);
// NextRotationDate of a secret whose value was last made current by the version that was made at `current`; never where there is none.
[[nodiscard]] Time next_date(const Rotation& rotation, Time current);
// AutomaticallyAfterDays as it is shown: given, or worked out from a schedule expression. 0: nothing.
[[nodiscard]] std::int64_t shown_days(const Rotation& rotation);

}  // namespace coffer::kv::aws
