#include "engines/kv/aws/rotation_status.h"

#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/rotation_plan.h"

// How rotations stand: for people and for Vault's clients, whom AWS's API tells nothing of why a rotation fails.
namespace coffer::kv::aws {
namespace {

std::string kind_of(bool only_test) { return only_test ? "test" : "rotation"; }

AttemptShown shown(const rotation::Attempt& attempt) {
  return {attempt.token,
          kind_of(attempt.only_test),
          attempt.started,
          attempt.ended,
          std::string(rotation::step_name(attempt.step)),
          std::string(rotation::outcome_name(attempt.outcome)),
          attempt.error};
}

RotationStatus status_of(const rotation::Job& job, const Rotation& r, Time current) {
  RotationStatus out;
  out.name = job.object;
  out.arn = job.id;
  out.function = r.function;
  out.enabled = r.enabled;
  out.state = job.run ? job.run->failures == 0 ? "running" : "retrying" : r.enabled ? "resting" : "off";
  if (!r.rules.schedule.empty()) out.schedule.value = r.rules.schedule;
  if (!r.rules.duration.empty()) out.duration.value = r.rules.duration;
  if (const std::int64_t days = shown_days(r); days != 0) out.days.value = days;
  if (r.last_rotated != never) out.last_rotated.value = r.last_rotated;
  if (const Time next = next_date(r, current); next != never) out.next_rotation.value = next;
  if (job.run) {
    if (job.due != never) out.next_attempt.value = job.due;
    out.run.value = RunShown{job.run->token, kind_of(job.run->only_test), job.run->begun, std::string(rotation::step_name(job.run->step)),
                             static_cast<std::int64_t>(job.run->failures)};
  }
  if (!job.history.empty() && !job.history.back().error.empty()) out.error.value = job.history.back().error;
  for (auto i = job.history.rbegin(); i != job.history.rend(); ++i) out.attempts.push_back(shown(*i));
  return out;
}

}  // namespace

Result<std::optional<RotationStatus>> KvAws::rotation_status(const Caller& caller, const Snapshot& view, const RotatedSecret& in) {
  const auto job = TRY(rotation::find_job(view, in.path));
  LoadedObject loaded;
  if (!job || !TRY(load_into(view, in.path, caller.now, nullptr, loaded))) return std::optional<RotationStatus>();
  const Facet facet = TRY(facet_of(view, in.path, loaded.object, Previous::unsaid));
  return std::optional(status_of(*job, facet.rotation, loaded.object.current.created));
}

Result<schema::Keys> KvAws::list_rotations(const Caller&, const Snapshot& view, const RotatedFolder& in) {
  return schema::Keys{TRY(list_names(view, rotation::jobs_prefix(in.path), '/', in.page)), ""};
}

Result<std::optional<RotationStatus>> KvAws::rotate_now(const Caller& caller, Transaction& view, const RotatedSecret& in) {
  auto job = TRY(rotation::find_job(view, in.path));
  const Nobody nobody(caller.now);
  auto secret = TRY(look(nobody.caller, view, in.path));
  if (!job || !secret || secret->replica) return std::optional<RotationStatus>();
  if (secret->object().state == State::deleted) return invalid("this secret is marked for deletion: restore it first");
  if (!job->run && !secret->facet.rotation.enabled)
    return invalid("rotation is off for this secret: turn it on with AWS's RotateSecret first");
  CHECK_OK(try_again(view, *secret, *job, caller.now));
  return std::optional(status_of(*job, secret->facet.rotation, secret->object().current.created));
}

}  // namespace coffer::kv::aws
