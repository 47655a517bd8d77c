#pragma once
#include <string>
#include <string_view>

#include "rotation/job.h"

// What becomes of a job when a step ends: a pure function of the job, the time and the policy.
namespace coffer::rotation {

// How attempts that fail are made again.
struct Policy {
  Duration first_retry = std::chrono::minutes(1);  // doubled with each failure
  Duration longest_retry = std::chrono::hours(1);
  std::uint64_t attempts = 10;  // of one run
  std::size_t history = 20;     // attempts that a job remembers
};

// How long after so many failures of a run the next attempt is made.
[[nodiscard]] Duration retry_after(const Policy& policy, std::uint64_t failures);

// The first step of a run.
[[nodiscard]] Step first_step(const Run& run);
// Whether the step that the run is at is its last.
[[nodiscard]] bool at_last_step(const Run& run);
// Goes on to the next step, at once.
void advance(Job& job, Time now);
// An attempt failed. The run begins anew later, or is abandoned: then it is gone, nothing is due, and the answer is true.
[[nodiscard]] bool attempt_failed(Job& job, std::string_view why, const Policy& policy, Time now);
// Ends the run. Nothing is due then.
void end_run(Job& job, Outcome outcome, std::string_view why, std::size_t history, Time now);

// A text from outside, fit to be kept: at most `most` bytes, control characters as spaces, cut at a whole character.
[[nodiscard]] std::string kept_text(std::string_view text, std::size_t most = 500);

}  // namespace coffer::rotation
