#include <fmt/format.h>

#include <algorithm>

#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/resource_policy.h"
#include "engines/kv/azure/vault.h"

// DeleteSecret and RestoreSecret.
namespace coffer::kv::aws {
namespace {

constexpr std::int64_t default_window = 30;

std::string region_list(const Facet& facet) {
  std::string out;
  for (const Replica& replica : facet.replicas) out.append(out.empty() ? "" : ", ").append(replica.region);
  return out;
}

}  // namespace

Result<Deleted> KvAws::remove(const Caller& caller, Transaction& view, const DeleteSecret& in) {
  CHECK_OK(check_secret_id(in.secret));
  const bool force = in.force.value_or(false);
  if (in.window && (*in.window < 7 || *in.window > 30))
    return refuse(Refusal::invalid_parameter, "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  if (in.window && force)
    return refuse(Refusal::invalid_parameter, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");

  auto found = TRY(look(caller, view, in.path));
  if (!found) {
    if (!force) return no_such_secret();
    // A forced deletion of what is not there succeeds, so that it can be repeated.
    const Place place(*caller.scope, in.path);
    return Deleted{place.arn(make_base62(6, random_)), place.name(), {caller.now}};
  }
  Secret& secret = *found;
  CHECK_OK(check_policy(caller, secret));
  if (secret.replica) return is_replica();
  if (!secret.facet.replicas.empty())
    return refuse(Refusal::invalid_parameter,
                  fmt::format("You can't delete secret {} that still has replica regions [{}]", secret.arn(), region_list(secret.facet)));
  if (force) {
    if (TRY(azure::load_vault(view)).purge_protection)
      return refuse(Refusal::invalid_request,
                    "You can't use ForceDeleteWithoutRecovery on this secret: purge protection is on for the mount that holds it.");
    Deleted out{secret.arn(), secret.place.name(), {caller.now}};
    CHECK_OK(kv::remove(view, secret.home, secret.loaded));
    return out;
  }
  if (secret.object().state == State::deleted)
    return refuse(Refusal::invalid_request,
                  "You can't perform this operation on the secret because it was already scheduled for deletion.");
  std::int64_t days = in.window.value_or(default_window);
  // What nobody may purge sooner stays as long as the mount says, whatever window is asked for.
  if (const azure::Vault vault = TRY(azure::load_vault(view)); vault.purge_protection) days = std::max(days, vault.soft_delete_days);
  secret.object().state = State::deleted;
  secret.object().deleted_at = caller.now;
  secret.object().purge_at = caller.now + std::chrono::days(days);
  CHECK_OK(note_purge(view, secret.home, secret.object().purge_at));
  CHECK_OK(save(view, secret, caller.now));
  return Deleted{secret.arn(), secret.place.name(), {secret.object().purge_at}};
}

Result<SecretRef> KvAws::restore(const Caller& caller, Transaction& view, const OneSecret& in) {
  CHECK_OK(check_secret_id_length(in.secret));
  Secret secret = TRY(find(caller, view, in.path));
  if (secret.replica) return is_replica();
  if (secret.object().state == State::deleted) {
    forget_purge(view, secret.home, secret.object().purge_at);
    secret.object().state = State::active;
    secret.object().deleted_at = secret.object().purge_at = never;
    CHECK_OK(resume_rotation(view, secret, caller.now));
    CHECK_OK(save(view, secret, caller.now));
  }
  return SecretRef{secret.arn(), secret.place.name(), {}, {}};
}

}  // namespace coffer::kv::aws
