#include "core/rotation/scheduler.h"

#include <algorithm>

#include "base/log.h"
#include "core/mounts.h"
#include "core/rotation/records.h"
#include "core/spaces.h"
#include "core/system.h"
#include "rotation/queue.h"

namespace coffer::core {
namespace {

constexpr auto rest = std::chrono::seconds(10);  // after a failure of the store or the audit log
constexpr std::size_t looked_at = 100;           // entries of a mount's queue at a time

const Mount* mount_of(const MountTable& mounts, std::string_view uuid) {
  for (const auto& mount : mounts.all())
    if (mount->entry.uuid == uuid) return mount.get();
  return nullptr;
}

std::unexpected<Error> given_up_error() { return fail(Code::sealed, "the server is being sealed or stopped"); }

}  // namespace

RotationScheduler::RotationScheduler(Parts parts) : parts_(std::move(parts)) {}
RotationScheduler::~RotationScheduler() { stop(); }

void RotationScheduler::stop() {
  stopping_.store(true);
  if (workers_) workers_->stop();
}

Result<void> RotationScheduler::poll(Runtime& runtime) {
  if (given_up()) return {};
  const auto at = runtime.snapshot();
  const auto mounts = TRY(runtime.mounts(at));
  for (const auto& mount : mounts->all()) {
    if (mount->slot->backend->rotating() == nullptr) continue;
    if (full()) return {};
    CHECK_OK(hand_out(*mount, *runtime.view(*at, mount->space), runtime.clock().now()));
  }
  return {};
}

// A part of what is due, since all of it may wait for one function that hangs: the next call goes on behind it.
Result<void> RotationScheduler::hand_out(const Mount& mount, const Snapshot& view, Time now) {
  std::string& seen = seen_[mount.entry.uuid];
  const auto due = TRY(rotation::due_jobs_after(view, now, seen, looked_at));
  for (const rotation::Due& one : due) {
    if (full()) return {};
    Task task{mount.entry.uuid, one};
    const auto job = rotation::find_job(view, one.object);
    if (!admit(task.key(), job && *job ? (*job)->target : std::string())) continue;
    if (!workers_) workers_ = std::make_unique<Workers>(parts_.at_once, parts_.at_once);
    std::move_only_function<void()> run = [this, task] { work(task); };
    if (!workers_->submit(run)) finished(task.key(), false);
  }
  seen = due.size() < looked_at ? std::string() : due.back().key;
  return {};
}

bool RotationScheduler::full() {
  const std::lock_guard lock(mutex_);
  return running_.size() >= parts_.at_once;
}

bool RotationScheduler::admit(const std::string& key, const std::string& target) {
  const auto now = parts_.system.clock.steady();
  const std::lock_guard lock(mutex_);
  if (const auto rests = resting_.find(key); rests != resting_.end()) {
    if (rests->second > now) return false;
    resting_.erase(rests);
  }
  const auto same = std::ranges::count_if(running_, [&](const auto& entry) { return entry.second == target; });
  const bool outside = !target.empty() && !rotation::is_built_in(target);
  if (outside && static_cast<unsigned>(same) >= (parts_.at_once + 1) / 2) return false;
  return running_.emplace(key, target).second;
}

void RotationScheduler::finished(const std::string& key, bool rests) {
  const std::lock_guard lock(mutex_);
  running_.erase(key);
  if (rests) resting_[key] = parts_.system.clock.steady() + rest;
}

// On a worker: one step after the other, until the job has to wait.
void RotationScheduler::work(const Task& task) {
  for (;;) {
    const auto more = make_step(task);
    if (more && *more) continue;
    const bool rests = !more && more.error().code != Code::sealed;
    if (rests) log::warn("a rotation could not be worked on: {}", more.error().message);
    return finished(task.key(), rests);
  }
}

// True when the next step can be made at once.
Result<bool> RotationScheduler::make_step(const Task& task) {
  if (given_up()) return given_up_error();
  const auto begun = TRY(begin(task));
  if (!begun) return false;
  return rotation::is_built_in(begun->job.target) ? make_own_step(*begun) : call_function(*begun);
}

// The step that is due; nothing where there is none.
Result<std::optional<RotationScheduler::Begun>> RotationScheduler::begin(const Task& task) {
  const Gate::Ticket ticket = parts_.gate.enter();
  if (!ticket) return given_up_error();
  Runtime& runtime = *parts_.system.runtime.load();
  Begun begun;
  begun.mounts = TRY(runtime.mounts(runtime.snapshot()));
  begun.mount = mount_of(*begun.mounts, task.mount);
  if (begun.mount == nullptr) return std::optional<Begun>();
  begun.rotating = begun.mount->slot->backend->rotating();
  if (begun.rotating == nullptr) return std::optional<Begun>();
  const Time now = runtime.clock().now();
  bool due = false;
  auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
    due = false;
    Transaction& view = spaces.write(begun.mount->space);
    auto job = TRY(rotation::find_job(view, task.due.object));
    if (!job || job->due == rotation::never || rotation::hint_key(*job) != task.due.key) rotation::drop_hint(view, task.due);
    if (!job || job->due == rotation::never || job->due > now) return {};
    const rotation::Job before = *job;
    if (!TRY(begun.rotating->prepare(view, *job, now))) return rotation::erase_job(view, task.due.object);
    due = job->run && job->due != rotation::never && job->due <= now;
    if (due && job->run->attempted == rotation::never) job->run->attempted = now;
    begun.job = *job;
    return *job == before ? Result<void>() : rotation::put_job(view, *job);
  });
  if (!done) return std::unexpected(std::move(done).error());
  if (!due) return std::optional<Begun>();
  begun.request_id = make_uuid(parts_.system.random);
  return std::optional(std::move(begun));
}

Result<bool> RotationScheduler::make_own_step(const Begun& begun) {
  CHECK_OK(record(begun, nullptr));
  return note(begun, "", true);
}

// No ticket is held while the call runs.
Result<bool> RotationScheduler::call_function(const Begun& begun) {
  CHECK_OK(record(begun, nullptr));
  if (parts_.functions == nullptr || !parts_.functions->knows(begun.job.target))
    return note(begun, "no endpoint is configured for this function any more", false);
  const std::string event = begun.rotating->event(begun.job);
  const auto over = [this, seals = seals_.load()] { return given_up() || seals_.load() != seals; };
  const auto made = parts_.functions->invoke({begun.job.target, event, over});
  if (!made && over()) return given_up_error();
  return note(begun, made ? "" : made.error().message.empty() ? "the function failed" : made.error().message, false);
}

// Writes down what came of the step; a step that is built in is made in the same transaction.
Result<bool> RotationScheduler::note(const Begun& begun, const std::string& failure, bool built_in) {
  const Gate::Ticket ticket = parts_.gate.enter();
  if (!ticket) return given_up_error();
  Runtime& runtime = *parts_.system.runtime.load();
  const Time now = runtime.clock().now();
  RotationEnd end;
  bool stale = false;
  auto done = runtime.transact([&](RequestSpaces& spaces) -> Result<void> {
    end = {};
    end.failure = failure;
    Transaction& view = spaces.write(begun.mount->space);
    auto job = TRY(rotation::find_job(view, begun.job.object));
    // It was cancelled, or deleted with its object, while the function was at work.
    stale = !job || !job->run || job->run->token != begun.job.run->token || job->run->begun != begun.job.run->begun ||
            job->run->step != begun.job.run->step;
    if (stale) return {};
    if (built_in) end.failure = TRY(begun.rotating->make_step(view, *job, now));
    end.outcome = TRY(settle(begun, view, *job, end.failure, now));
    end.run_ended = !job->run;
    end.next = job->due;
    return rotation::put_job(view, *job);
  });
  if (!done) return std::unexpected(std::move(done).error());
  if (stale) end.outcome = rotation::Outcome::cancelled;
  end.position = *done;
  count(end);
  if (auto written = record(begun, &end); !written)
    log::error("the end of a rotation's step could not be audited: {}", written.error().message);
  return !stale && end.failure.empty() && !end.run_ended;
}

// What the step's end means for the job.
Result<rotation::Outcome> RotationScheduler::settle(const Begun& begun, Transaction& view, rotation::Job& job, std::string& failure,
                                                    Time now) {
  if (failure.empty() && !rotation::at_last_step(*job.run)) {
    rotation::advance(job, now);
    return rotation::Outcome::succeeded;
  }
  const rotation::Run was = *job.run;
  if (failure.empty()) {
    failure = TRY(begun.rotating->complete(view, job, now));
    if (failure.empty()) {
      const Time next = job.due;
      rotation::end_run(job, rotation::Outcome::succeeded, "", parts_.policy.history, now);
      job.due = next;
      return rotation::Outcome::succeeded;
    }
  }
  if (!rotation::attempt_failed(job, failure, parts_.policy, now)) return rotation::Outcome::failed;
  CHECK_OK(begun.rotating->abandoned(view, job, was, now));
  return rotation::Outcome::abandoned;
}

void RotationScheduler::count(const RotationEnd& end) {
  if (end.outcome == rotation::Outcome::succeeded && end.run_ended) counters_.succeeded.fetch_add(1, std::memory_order_relaxed);
  if (end.outcome == rotation::Outcome::failed) counters_.failed.fetch_add(1, std::memory_order_relaxed);
  if (end.outcome == rotation::Outcome::abandoned) counters_.abandoned.fetch_add(1, std::memory_order_relaxed);
}

// What cannot be audited is not done.
Result<void> RotationScheduler::record(const Begun& begun, const RotationEnd* end) {
  audit::Broker& audit = parts_.system.audit;
  if (!audit.enabled()) return {};
  const RotationStep step{begun.mount->entry, begun.job, begun.rotating->action(begun.job), begun.request_id, parts_.system.clock.now()};
  return record_rotation(audit, step, end);
}

}  // namespace coffer::core
