#pragma once
#include <string>
#include <vector>

#include "rotation/job.h"
#include "schema/reply.h"

// What Coffer's own endpoint tells of rotations (`<mount>/rotation/<name>`).
namespace coffer::kv::aws {

// An attempt at a rotation that has ended.
struct AttemptShown {
  std::string version, kind;
  Time started{}, ended{};
  std::string step, outcome, error;
  static constexpr auto fields() {
    using T = AttemptShown;
    using schema::field;
    return schema::Fields{field<&T::version>("version_id", "The version that it was to make.").open(),
                      field<&T::kind>("kind", "rotation, or test where the function was only tried.").open(),
                      field<&T::started>("started", "When it began.").open(),
                      field<&T::ended>("ended", "When it ended.").open(),
                      field<&T::step>("step", "The last step: create, set, test or finish.").open(),
                      field<&T::outcome>("outcome", "succeeded, failed (it is made again), abandoned or cancelled.").open(),
                      field<&T::error>("error", "Why, in the function's own words where it gave any.")};
  }
};
// A rotation that is under way.
struct RunShown {
  std::string version, kind;
  Time begun{};
  std::string step;
  std::int64_t failures = 0;
  static constexpr auto fields() {
    using T = RunShown;
    using schema::field;
    return schema::Fields{field<&T::version>("version_id", "The version that it makes.").open(),
                      field<&T::kind>("kind", "rotation, or test where the function is only tried.").open(),
                      field<&T::begun>("begun", "When it began.").open(), field<&T::step>("step", "The step that it is at.").open(),
                      field<&T::failures>("failures", "Attempts that failed.").open()};
  }
};
struct RotationStatus {
  std::string name, arn, function, state;
  bool enabled = false;
  schema::Omit<std::string> schedule, duration;
  schema::Omit<std::int64_t> days;
  schema::Omit<Time> last_rotated, next_rotation, next_attempt;
  schema::Omit<std::string> error;
  schema::Omit<RunShown> run;
  std::vector<AttemptShown> attempts;
  static constexpr auto fields() {
    using T = RotationStatus;
    using schema::field;
    return schema::Fields{field<&T::name>("name", "Where the secret lies.").open(),
                      field<&T::arn>("arn", "What the function is told that it is called.").open(),
                      field<&T::function>("function", "The function that rotates it.").open(),
                      field<&T::state>("state", "off, resting, running, or retrying after an attempt that failed.").open(),
                      field<&T::enabled>("enabled", "Whether it rotates by itself.").open(),
                      field<&T::schedule>("schedule_expression", "When, as rate() or cron().").open(),
                      field<&T::duration>("duration", "Length of the window.").open(),
                      field<&T::days>("automatically_after_days", "Days between rotations.").open(),
                      field<&T::last_rotated>("last_rotated", "When a rotation was last completed.").open(),
                      field<&T::next_rotation>("next_rotation", "By when the next one is to be.").open(),
                      field<&T::next_attempt>("next_attempt", "When the next attempt at the present one is made.").open(),
                      field<&T::error>("error", "Why the last attempt failed."),
                      field<&T::run>("run", "The rotation that is under way.").open(),
                      field<&T::attempts>("attempts", "The last attempts, newest first.")};
  }
};

}  // namespace coffer::kv::aws
