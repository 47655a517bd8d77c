#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "storage/view.h"

// Rotations as the store keeps them, in the key space of the mount whose object rotates, so that they are written in the transaction that asks for them and
// go with the mount:
//   r/<object>               the job
//   q/<16 hex ms>/<object>   the jobs that wait for a time, soonest first: what rests costs nothing
namespace coffer::rotation {

inline constexpr Time never{};

enum class Step : std::uint8_t { create, set, test, finish };
[[nodiscard]] std::string_view step_name(Step step);

enum class Outcome : std::uint8_t {
  succeeded,
  failed,     // an attempt: it is made again
  abandoned,  // the last attempt of a run
  cancelled,
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome);

// A rotation that is under way: the four steps, or the test alone, by one function. A step may be made twice (after a crash), and an attempt that failed
// begins anew: what the steps do must allow it.
struct Run {
  std::string token;  // names the version that it makes
  std::string proof;  // by which the function shows that it acts for this run (RotationToken)
  bool only_test = false;
  Step step = Step::create;
  std::uint64_t failures = 0;
  Time begun = never, attempted = never;  // the run; its present attempt
  Time window = never;                    // the start of the window that it belongs to; never: it was asked for
  bool operator==(const Run&) const = default;
};

// An attempt of the past.
struct Attempt {
  std::string token;
  bool only_test = false;
  Time started = never, ended = never;
  Step step = Step::create;  // the last one
  Outcome outcome = Outcome::succeeded;
  std::string error;  // why; no secret of the server's. A function's own words, shortened
  bool operator==(const Attempt&) const = default;
};

struct Job {
  std::string object;  // its path in the mount
  std::string id;      // what the function is told that the object is called: an ARN
  std::string target;  // which function
  Time due = never;    // when there is something to do; never: not by itself
  std::optional<Run> run;
  std::vector<Attempt> history;  // newest last
  bool operator==(const Job&) const = default;
};
[[nodiscard]] std::string encode(const Job& job);
[[nodiscard]] Result<Job> decode_job(std::string_view record);

[[nodiscard]] Result<std::optional<Job>> find_job(const Snapshot& view, std::string_view object);
// Writes the job, and when it is due.
[[nodiscard]] Result<void> put_job(Transaction& view, const Job& job);
// Removes it, where there is one.
[[nodiscard]] Result<void> erase_job(Transaction& view, std::string_view object);
// Names of objects and folders that have jobs.
[[nodiscard]] std::string jobs_prefix(std::string_view folder);

// Jobs whose time has come, soonest first. An entry is a hint: the job may have another time by now, or be gone.
struct Due {
  std::string key, object;
};
[[nodiscard]] Result<std::vector<Due>> due_jobs(const Snapshot& view, Time now, std::size_t limit);
// Removes an entry that hints at nothing any more.
void drop_hint(Transaction& view, const Due& due);
[[nodiscard]] std::string hint_key(const Job& job);

}  // namespace coffer::rotation
