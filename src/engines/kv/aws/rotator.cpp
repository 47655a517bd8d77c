#include "engines/kv/aws/rotator.h"

#include "base/json.h"
#include "engines/kv/aws/rotation_plan.h"
#include "rotation/functions.h"
#include "rotation/machine.h"

namespace coffer::kv::aws {
namespace {

// How often a secret that is marked for deletion is looked at, in case it comes back.
constexpr Duration look_again = std::chrono::days(1);

Result<void> add_pending_version(Transaction& view, Secret& secret, std::string_view token, bool only_test, Time now, Random& random) {
  const MountConfig config = TRY(load_config(view));
  const std::uint64_t seq = secret.object().last() + 1;
  const std::string uuid = is_uuid(token) ? std::string(token) : make_version_uuid(random, seq);
  Version next;
  next.uuid = uuid;
  next.client_token = token;
  next.kms_key = secret.facet.kms_key;
  next.media = Media::text;
  std::optional<LoadedVersion> current;
  if (only_test) current = TRY(load_version(view, secret.home, secret.object(), secret.object().current.seq));
  if (current) {
    CHECK_OK(load_bytes(view, secret.home, *current));
    next.bytes = current->version.bytes;
    next.media = current->version.media;
  }
  const Facet before = secret.facet;
  secret.facet.attach(pending_label, seq, token);
  secret.loaded.set(secret.facet);
  (void)TRY(add_aside(view, secret.home, secret.loaded, config, next, now));
  CHECK_OK(check_label_count(secret));
  return release(view, secret, before);
}

Result<void> remove_test_version(Transaction& view, Secret& secret, std::string_view token, Time now) {
  const Stage* pending = secret.facet.find(pending_label);
  if (pending == nullptr || pending->id != token || pending->seq == secret.object().current.seq) return {};
  const std::uint64_t seq = pending->seq;
  secret.facet.detach(pending_label);
  CHECK_OK(take_back(view, secret.home, secret.loaded, seq));
  return save(view, secret, now);
}

std::string_view current_id(const Secret& secret, std::string& memory) {
  if (secret.object().current.seq == 0) return {};
  return memory = version_id(secret.object().current);
}

}  // namespace

const Stage* unfinished(const Secret& secret) {
  const Stage* pending = secret.facet.find(pending_label);
  return pending != nullptr && pending->seq != secret.object().current.seq ? pending : nullptr;
}

Result<void> begin_run(Transaction& view, Secret& secret, rotation::Job& job, std::string_view token, bool only_test, Time now,
                       Random& random) {
  const Stage* pending = unfinished(secret);
  if (pending == nullptr || pending->id != token) CHECK_OK(add_pending_version(view, secret, token, only_test, now, random));
  job.object = secret.home;
  job.target = secret.facet.rotation.function;
  rotation::Run run;
  run.token = token;
  run.proof = make_uuid(random);
  run.only_test = only_test;
  run.step = rotation::first_step(run);
  run.begun = now;
  job.run = std::move(run);
  job.due = now;
  return {};
}

Result<void> cancel_run(Transaction& view, Secret& secret, rotation::Job& job, std::string_view why, Time now) {
  if (!job.run) return {};
  if (job.run->only_test) CHECK_OK(remove_test_version(view, secret, job.run->token, now));
  rotation::end_run(job, rotation::Outcome::cancelled, why, kept_attempts, now);
  return {};
}

Result<void> resume(Transaction& view, Rotation& rotation, rotation::Job job, Time now, Random& random) {
  if (!rotation.enabled) return {};
  if (rotation.next <= now) CHECK_OK(plan(rotation, now, now));
  if (!job.run) job.due = moment_of(rotation, now, random);
  return rotation::put_job(view, job);
}

Result<bool> Rotator::prepare(Transaction& view, rotation::Job& job, Time now) {
  const Nobody nobody(now);
  auto secret = TRY(look(nobody.caller, view, job.object));
  if (!secret || secret->replica) return false;
  Rotation& r = secret->facet.rotation;
  if (secret->object().state == State::deleted) {
    CHECK_OK(cancel_run(view, *secret, job, "the secret was marked for deletion", now));
    job.due = std::min(secret->object().purge_at, now + look_again) + Seconds(1);
    return true;
  }
  if (job.run) return true;
  job.due = never;
  if (!r.enabled) return true;
  // Another API wrote a value since, or it is too early, or too late (the server was down): nothing rotates outside a window that somebody asked for. One of
  // the default length, the rest of the day, is made up for.
  const Time written = secret->object().current.created;
  const bool stale = written > r.planned, over = !r.rules.duration.empty() && is_over(r, now);
  if (stale || over || now < r.window) {
    if (stale || over) CHECK_OK(plan(r, stale ? written : now, now));
    job.due = moment_of(r, now, random_);
    if (job.due == never || job.due > now) {
      CHECK_OK(save(view, *secret, secret->object().updated));
      return true;
    }
  }
  const Stage* pending = unfinished(*secret);
  const std::string token = pending != nullptr ? pending->id : make_uuid(random_);
  const Time window = r.window;
  CHECK_OK(begin_run(view, *secret, job, token, false, now, random_));
  job.run->window = window;
  CHECK_OK(save(view, *secret, now));
  return true;
}

std::string Rotator::event(const rotation::Job& job) const {
  constexpr std::string_view steps[] = {"createSecret", "setSecret", "testSecret", "finishSecret"};
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("ClientRequestToken")
      .string(job.run->token)
      .key("SecretId")
      .string(job.id)
      .key("Step")
      .string(steps[static_cast<std::size_t>(job.run->step)])
      .key("RotationToken")
      .string(job.run->proof)
      .end_object();
  return out;
}

std::string_view Rotator::action(const rotation::Job& job) const {
  constexpr std::string_view steps[] = {"secretsmanager:RotateSecret/createSecret", "secretsmanager:RotateSecret/setSecret",
                                        "secretsmanager:RotateSecret/testSecret", "secretsmanager:RotateSecret/finishSecret"};
  return steps[static_cast<std::size_t>(job.run->step)];
}

Result<std::string> Rotator::complete(Transaction& view, rotation::Job& job, Time now) {
  const Nobody nobody(now);
  auto secret = TRY(look(nobody.caller, view, job.object));
  if (!secret || secret->object().state == State::deleted) return std::string("the secret was deleted");
  Rotation& r = secret->facet.rotation;
  if (job.run->only_test) {
    CHECK_OK(remove_test_version(view, *secret, job.run->token, now));
    job.due = moment_of(r, now, random_);
    return std::string();
  }
  std::string memory;
  if (current_id(*secret, memory) != job.run->token)
    return std::string("the function's finishSecret step ended without an error, but AWSCURRENT is not on the new version");
  r.last_rotated = now;
  CHECK_OK(plan(r, job.run->window == never ? now : job.run->window, now));
  CHECK_OK(save(view, *secret, now));
  job.due = moment_of(r, now, random_);
  return std::string();
}

Result<void> Rotator::abandoned(Transaction& view, rotation::Job& job, const rotation::Run& was, Time now) {
  const Nobody nobody(now);
  auto secret = TRY(look(nobody.caller, view, job.object));
  if (!secret) return {};
  if (was.only_test) {
    CHECK_OK(remove_test_version(view, *secret, was.token, now));
  } else {
    CHECK_OK(plan(secret->facet.rotation, now, now));
    CHECK_OK(save(view, *secret, now));
  }
  job.due = moment_of(secret->facet.rotation, now, random_);
  return {};
}

}  // namespace coffer::kv::aws
