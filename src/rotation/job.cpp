#include "rotation/job.h"

#include <fmt/format.h>

#include <array>

#include "base/record.h"
#include "rotation/queue.h"

namespace coffer::rotation {
namespace {

constexpr std::uint64_t format = 1;
constexpr std::uint64_t most = 10'000;  // attempts that a record may claim
constexpr std::string_view job_area = "r/", queue_area = "q/";
constexpr std::array<std::string_view, 4> steps{"create", "set", "test", "finish"};
constexpr std::array<std::string_view, 4> outcomes{"succeeded", "failed", "abandoned", "cancelled"};

std::string job_key(std::string_view object) { return std::string(job_area).append(object); }

std::string until(Time time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  return fmt::format("{:016x}/", static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)));
}

void append(RecordWriter& out, const Run& run) {
  out.text(run.token).text(run.proof).number(run.only_test ? 1 : 0).number(static_cast<std::uint64_t>(run.step)).number(run.failures);
  out.time(run.begun).time(run.attempted).time(run.window);
}

void append(RecordWriter& out, const Attempt& attempt) {
  out.text(attempt.token).number(attempt.only_test ? 1 : 0).time(attempt.started).time(attempt.ended);
  out.number(static_cast<std::uint64_t>(attempt.step)).number(static_cast<std::uint64_t>(attempt.outcome)).text(attempt.error);
}

// Reads what is one of four.
template <class T>
bool take(RecordReader& in, T& into) {
  const std::uint64_t number = in.number();
  if (number > 3) return false;
  into = static_cast<T>(number);
  return in.ok();
}
bool take(RecordReader& in, bool& into) {
  const std::uint64_t number = in.number();
  into = number == 1;
  return in.ok() && number <= 1;
}

bool take(RecordReader& in, Run& run) {
  run.token = in.text();
  run.proof = in.text();
  if (!take(in, run.only_test) || !take(in, run.step)) return false;
  run.failures = in.number();
  run.begun = in.time();
  run.attempted = in.time();
  run.window = in.time();
  return in.ok();
}

bool take(RecordReader& in, Attempt& attempt) {
  attempt.token = in.text();
  if (!take(in, attempt.only_test)) return false;
  attempt.started = in.time();
  attempt.ended = in.time();
  if (!take(in, attempt.step) || !take(in, attempt.outcome)) return false;
  attempt.error = in.text();
  return in.ok();
}

bool take(RecordReader& in, Job& job) {
  if (in.number() != format) return false;
  job.object = in.text();
  job.id = in.text();
  job.target = in.text();
  job.due = in.time();
  bool runs = false;
  if (!take(in, runs) || (runs && !take(in, job.run.emplace()))) return false;
  const std::uint64_t attempts = in.number();
  if (attempts > most) return false;
  for (std::uint64_t i = 0; i < attempts; ++i)
    if (!take(in, job.history.emplace_back())) return false;
  return in.ok() && in.at_end();
}

}  // namespace

std::string_view step_name(Step step) { return steps[static_cast<std::size_t>(step)]; }
std::string_view outcome_name(Outcome outcome) { return outcomes[static_cast<std::size_t>(outcome)]; }

std::string encode(const Job& job) {
  RecordWriter out(format);
  out.text(job.object).text(job.id).text(job.target).time(job.due).number(job.run ? 1 : 0);
  if (job.run) append(out, *job.run);
  out.number(job.history.size());
  for (const Attempt& attempt : job.history) append(out, attempt);
  return std::move(out.bytes());
}

Result<Job> decode_job(std::string_view record) {
  Job job;
  RecordReader in(record);
  if (!take(in, job)) return fail(Code::corrupt, "a stored rotation cannot be read: its record is damaged");
  return job;
}

Result<std::optional<Job>> find_job(const Snapshot& view, std::string_view object) {
  const auto record = TRY(view.get(job_key(object)));
  if (!record) return std::optional<Job>();
  return std::optional(TRY(decode_job(record->reveal_text())));
}

std::string hint_key(const Job& job) { return std::string(queue_area) + until(job.due) + job.object; }

Result<void> put_job(Transaction& view, const Job& job) {
  if (const auto before = TRY(find_job(view, job.object)); before && before->due != never && before->due != job.due)
    view.erase(hint_key(*before));
  if (job.due != never) CHECK_OK(view.put(hint_key(job), ""));
  return view.put(job_key(job.object), encode(job));
}

Result<void> erase_job(Transaction& view, std::string_view object) {
  const auto job = TRY(find_job(view, object));
  if (!job) return {};
  if (job->due != never) view.erase(hint_key(*job));
  view.erase(job_key(object));
  return {};
}

std::string jobs_prefix(std::string_view folder) {
  std::string out = job_key(folder);
  if (!folder.empty()) out.push_back('/');
  return out;
}

Result<std::vector<Due>> due_jobs_after(const Snapshot& view, Time now, std::string_view after, std::size_t limit) {
  std::vector<Due> out;
  const std::string end = until(now + std::chrono::milliseconds(1));
  after.remove_prefix(std::min(after.size(), queue_area.size()));
  for (std::string& entry : TRY(view.children(queue_area, '\0', after, limit))) {
    if (entry.compare(0, end.size(), end) >= 0) break;
    const std::size_t slash = entry.find('/');
    if (slash != entry.npos) out.push_back({std::string(queue_area) + entry, entry.substr(slash + 1)});
  }
  return out;
}

Result<std::vector<Due>> due_jobs(const Snapshot& view, Time now, std::size_t limit) { return due_jobs_after(view, now, "", limit); }

void drop_hint(Transaction& view, const Due& due) { view.erase(due.key); }

}  // namespace coffer::rotation
