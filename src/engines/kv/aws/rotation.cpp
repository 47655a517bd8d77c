#include <algorithm>

#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/resource_policy.h"
#include "engines/kv/aws/rotation_plan.h"
#include "rotation/functions.h"
#include "rotation/job.h"

// RotateSecret and CancelRotateSecret. They write down what is wanted; the rotation itself is made by the core (core/rotation) with what Rotator knows of
// secrets.
namespace coffer::kv::aws {
namespace {

bool fits(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || others.contains(c); });
}

bool is_duration(std::string_view text) {
  return text.size() >= 2 && text.ends_with('h') &&
         std::ranges::all_of(text.substr(0, text.size() - 1), [](char c) { return c >= '0' && c <= '9'; });
}

void check_shape(Constraints& c, const RulesOfRotation& rules) {
  c.length_if("rotationRules.duration", rules.duration, 2, 3);
  if (rules.duration) c.pattern("rotationRules.duration", *rules.duration, is_duration(*rules.duration), "[0-9]+h");
  c.length_if("rotationRules.scheduleExpression", rules.schedule, 1, 256);
  if (rules.schedule)
    c.pattern("rotationRules.scheduleExpression", *rules.schedule, fits(*rules.schedule, "()#?*-/, "), "[0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+");
}

Result<void> check_rules(const RulesOfRotation& rules) {
  if (rules.days && (*rules.days < 1 || *rules.days > 1000))
    return refuse(Refusal::invalid_parameter, "RotationRules.AutomaticallyAfterDays must be within 1-1000.");
  if (rules.days && rules.schedule)
    return refuse(Refusal::invalid_parameter, "You cannot specify both rotation frequency and schedule expression together.");
  if (rules.duration && !rules.days && !rules.schedule)
    return refuse(Refusal::invalid_parameter, "RotationRules.Duration needs AutomaticallyAfterDays or ScheduleExpression beside it.");
  if (const auto schedule = schedule_of({rules.days.value_or(0), rules.duration.value_or(""), rules.schedule.value_or("")}); !schedule)
    return refuse(Refusal::invalid_parameter, "The rotation rules are not valid: " + schedule.error().message);
  return {};
}

Result<void> check_request(const RotateSecret& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.length_if("rotationLambdaARN", in.function, 0, 2048);
  if (in.rules) check_shape(c, *in.rules);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id_length(in.secret));
  if (!in.token) return refuse(Refusal::invalid_parameter, "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
  if (in.token->size() < 32 || in.token->size() > 64)
    return refuse(Refusal::invalid_parameter, "ClientRequestToken must be 32-64 characters long.");
  return in.rules ? check_rules(*in.rules) : Result<void>();
}

Result<rotation::Job> job_of(const Snapshot& view, const Secret& secret) {
  auto found = TRY(rotation::find_job(view, secret.home));
  rotation::Job job = found ? *std::move(found) : rotation::Job();
  job.object = secret.home;
  job.id = secret.arn();
  return job;
}

// The request was carried out before.
bool repeats(const rotation::Job& job, std::string_view token) {
  return (job.run && job.run->token == token) || std::ranges::any_of(job.history, [&](const rotation::Attempt& attempt) {
           return attempt.token == token && attempt.outcome == rotation::Outcome::succeeded;
         });
}

}  // namespace

// In a session, since a refusal can leave something behind: the earlier rotation is tried again at once.
Result<SecretRef> KvAws::rotate(const Caller& caller, Session& session, const RotateSecret& in) {
  CHECK_OK(check_request(in));
  Result<SecretRef> out = no_such_secret();
  auto done = session.transact([&](Transaction& view) -> Result<void> {
    bool keeps = false;
    out = rotate_in(caller, view, in, keeps);
    return out || keeps ? Result<void>() : Result<void>(std::unexpected(out.error()));
  });
  if (out && !done) return std::unexpected(std::move(done).error());
  return out;
}

Result<SecretRef> KvAws::rotate_in(const Caller& caller, Transaction& view, const RotateSecret& in, bool& keeps) {
  auto found = TRY(look(caller, view, in.path));
  if (!found) return no_such_secret();
  Secret& secret = *found;
  CHECK_OK(check_policy(caller, secret));
  if (secret.replica) return is_replica();
  if (secret.object().state == State::deleted) return marked_for_deletion();
  Rotation& r = secret.facet.rotation;
  const std::string function = in.function.value_or(r.function);
  if (function.empty()) return refuse(Refusal::invalid_request, "No Lambda rotation function ARN is associated with this secret.");
  if (!is_known_built_in(function) && (functions_ == nullptr || rotation::is_built_in(function) || !functions_->knows(function)))
    return refuse(
        Refusal::access_denied,
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal "
        "secretsmanager.amazonaws.com.");
  rotation::Job job = TRY(job_of(view, secret));
  const SecretRef answer{secret.arn(), secret.place.name(), {*in.token}, {}};
  if (repeats(job, *in.token)) return answer;
  if (const Stage* pending = unfinished(secret); pending != nullptr && pending->id != *in.token) {
    if (r.enabled) {
      CHECK_OK(try_again(view, secret, job, caller.now));
      keeps = true;
    }
    return refuse(Refusal::invalid_request, "A previous rotation isn't complete. That rotation will be reattempted.");
  }
  if (unfinished(secret) == nullptr && TRY(seq_of(view, secret, *in.token, false)) != 0)
    return refuse(Refusal::invalid_request, "You can't use ClientRequestToken " + *in.token +
                                                " because that value is already in use for a version of secret " + secret.arn() + ".");
  r.known = r.enabled = true;
  r.function = function;
  if (in.rules) r.rules = {in.rules->days.value_or(0), in.rules->duration.value_or(""), in.rules->schedule.value_or("")};
  CHECK_OK(plan(r, caller.now, caller.now));
  job.due = moment_of(r, caller.now, random_);
  const bool now = in.immediately.value_or(true);
  if (now || secret.object().current.seq != 0) CHECK_OK(begin_run(view, secret, job, *in.token, !now, caller.now, random_));
  CHECK_OK(save(view, secret, caller.now));
  CHECK_OK(rotation::put_job(view, job));
  return answer;
}

// The run that waits for its next attempt makes it now; where it was abandoned another one begins with its version.
Result<void> KvAws::try_again(Transaction& view, Secret& secret, rotation::Job& job, Time now) {
  if (job.run) {
    job.run->failures = 0;
    job.due = now;
  } else {
    const Stage* pending = unfinished(secret);
    const std::string token = pending != nullptr ? pending->id : make_uuid(random_);
    CHECK_OK(begin_run(view, secret, job, token, false, now, random_));
    CHECK_OK(save(view, secret, now));
  }
  return rotation::put_job(view, job);
}

Result<SecretRef> KvAws::cancel_rotation(const Caller& caller, Transaction& view, const OneSecret& in) {
  CHECK_OK(check_secret_id_length(in.secret));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  SecretRef out{secret.arn(), secret.place.name(), {}, {}};
  if (const Stage* pending = secret.facet.find(pending_label)) out.version.value = pending->id;
  rotation::Job job = TRY(job_of(view, secret));
  if (!secret.facet.rotation.enabled && !job.run) return out;
  CHECK_OK(cancel_run(view, secret, job, "the rotation was cancelled", caller.now));
  secret.facet.rotation.enabled = false;
  secret.facet.rotation.next = secret.facet.rotation.window = never;
  job.due = never;
  CHECK_OK(save(view, secret, caller.now));
  CHECK_OK(rotation::put_job(view, job));
  return out;
}

Result<void> KvAws::resume_rotation(Transaction& view, Secret& secret, Time now) {
  return resume(view, secret.facet.rotation, TRY(job_of(view, secret)), now, random_);
}

}  // namespace coffer::kv::aws
