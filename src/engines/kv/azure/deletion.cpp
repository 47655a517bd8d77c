#include "engines/kv/aws/facet.h"
#include "engines/kv/aws/rotator.h"
#include "engines/kv/azure/kv_azure.h"

// Deletion, and what may follow it.
namespace coffer::kv::azure {
namespace {

using schema::Verb;

Result<Secret> find_deleted(const Caller& caller, const Snapshot& view, std::string_view path, std::string_view area, Verb verb) {
  auto secret = TRY(look(caller, view, path, area, verb));
  if (!secret || secret->object().state != State::deleted) return no_such_deleted_secret(name_of(caller, path));
  return *std::move(secret);
}

// As RestoreSecret does.
Result<void> resume_rotation(Transaction& view, Secret& secret, Time now, Random& random) {
  if (secret.object().aws.empty()) return {};
  aws::Facet facet = TRY(aws::decode_facet(secret.object().aws));
  auto job = TRY(rotation::find_job(view, secret.path));
  if (!job) return {};
  CHECK_OK(aws::resume(view, facet.rotation, *std::move(job), now, random));
  secret.loaded.set(facet);
  return {};
}

// With the current version, whatever Vault's API has done to it: without a value nothing of it shows.
LoadedVersion current_of(const Secret& secret) {
  LoadedVersion out;
  out.version = secret.object().current;
  return out;
}

}  // namespace

Result<KvAzure::KeptBundle> KvAzure::remove(const Caller& caller, Transaction& view, const OneSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  auto secret = TRY(look(caller, view, in.path, "metadata", Verb::remove));
  if (!secret || !shows(secret->object(), caller.now)) return no_such_secret(name_of(caller, in.path));
  Object& object = secret->object();
  if (!object.aws.empty()) {
    const aws::Facet facet = TRY(aws::decode_facet(object.aws));
    if (!facet.replicas.empty() || !facet.replica_of.empty()) return is_replicated(secret->name);
  }
  CHECK_OK(delete_until(view, secret->path, secret->loaded, caller.now, std::chrono::days(vault.soft_delete_days)));
  LoadedVersion version = current_of(*secret);
  return bundle(caller, vault, *std::move(secret), std::move(version));
}

Result<KvAzure::KeptBundle> KvAzure::get_deleted(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  Secret secret = TRY(find_deleted(caller, view, in.path, "metadata", Verb::read));
  LoadedVersion version = current_of(secret);
  return bundle(caller, vault, std::move(secret), std::move(version));
}

Result<KvAzure::KeptBundle> KvAzure::recover(const Caller& caller, Transaction& view, const OneSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  Secret secret = TRY(find_deleted(caller, view, in.path, "undelete", Verb::write));
  forget_purge(view, secret.path, secret.object().purge_at);
  secret.object().state = State::active;
  secret.object().deleted_at = secret.object().purge_at = never;
  CHECK_OK(resume_rotation(view, secret, caller.now, random_));
  CHECK_OK(save(view, secret.path, secret.loaded));
  LoadedVersion version = current_of(secret);
  return bundle(caller, vault, std::move(secret), std::move(version));
}

Result<schema::Nothing> KvAzure::purge(const Caller& caller, Transaction& view, const OneSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  const Secret secret = TRY(find_deleted(caller, view, in.path, "destroy", Verb::write));
  if (vault.purge_protection) return is_protected();
  CHECK_OK(kv::remove(view, secret.path, secret.loaded));
  return schema::Nothing{};
}

}  // namespace coffer::kv::azure
