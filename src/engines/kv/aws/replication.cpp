#include "engines/kv/aws/replication.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/aws_name.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/azure/vault.h"

// ReplicateSecretToRegions, RemoveRegionsFromReplication, StopReplicationToReplica.
namespace coffer::kv::aws {
namespace {

bool is_region(const std::string& text) {
  std::string_view rest;
  return !aws_region_of("~" + text + "/x", rest).empty();
}

Result<void> remove_replica(const Caller& caller, Transaction& view, const Secret& secret, std::string_view region) {
  const Place place = secret.place.in(region);
  auto there = TRY(load_to_write(view, place.path(), caller.now));
  if (!there || TRY(facet_of(view, place.path(), there->object, Previous::unsaid)).replica_of != secret.home) return {};
  return kv::remove(view, place.path(), *there);
}

}  // namespace

void check_regions(Constraints& c, const std::vector<ReplicaRegion>& regions) {
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const std::string at = "addReplicaRegions." + std::to_string(i + 1) + ".member.";
    c.present(at + "region", regions[i].region.has_value());
    if (regions[i].region) c.pattern(at + "region", *regions[i].region, is_region(*regions[i].region), "^([a-z]+-)+\\d+$");
    c.length_if(at + "kmsKeyId", regions[i].kms_key, 0, 2048);
  }
}

Omit<std::vector<ReplicaStatus>> replica_statuses(const Secret& secret) {
  Omit<std::vector<ReplicaStatus>> out;
  if (secret.facet.replicas.empty()) return out;
  out.value.emplace();
  for (const Replica& replica : secret.facet.replicas) {
    ReplicaStatus status{replica.region, {}, replica.status, {}, {}};
    if (!replica.kms_key.empty()) status.kms_key.value = replica.kms_key;
    if (!replica.message.empty()) status.message.value = replica.message;
    out.value->push_back(std::move(status));
  }
  return out;
}

std::unexpected<Error> no_other_accounts() {
  return refuse(Refusal::invalid_request, "Cross-account replication is not available: this server serves one account.");
}

// What is overwritten is deleted at once and for good: that takes what its deletion would.
Result<void> KvAws::check_overwrite(const Caller& caller, const Snapshot& view, const Place& place) {
  ActionScope scope = *caller.scope;
  scope.action = "secretsmanager:DeleteSecret";
  scope.suffix.clear();  // the primary's
  Caller asking = caller;
  asking.scope = &scope;
  CHECK_OK(must(asking, view, place.path(), {scope.action, "metadata/", schema::Verb::remove}));
  (void)TRY(find(asking, view, place.path()));  // what its own policy denies
  if (!TRY(azure::load_vault(view)).purge_protection) return {};
  return refuse(Refusal::invalid_request,
                "You can't use ForceOverwriteReplicaSecret here: purge protection is on for the mount that holds the secret of that name.");
}

// Makes the replica's object in its region. What stands in the way is told in its status.
Result<Replica> KvAws::make_replica(const Caller& caller, Transaction& view, const Secret& secret, const ReplicaRegion& wanted, bool overwrite) {
  Replica out{*wanted.region, wanted.kms_key.value_or(""), "InSync", ""};
  const Place place = secret.place.in(out.region);
  const auto failed = [&](std::string_view why) {
    out.status = "Failed";
    out.message = fmt::format("Replication failed: Secret name {} already exists in region {}{}.", place.name(), out.region, why);
    return out;
  };
  if (auto there = TRY(load_to_write(view, place.path(), caller.now))) {
    const Facet facet = TRY(facet_of(view, place.path(), there->object, Previous::unsaid));
    if (facet.replica_of != secret.home) {
      if (!overwrite) return failed("");
      // Others hang on it, which would be left behind.
      if (!facet.replica_of.empty()) return failed(" and is a replica of another secret");
      if (!facet.replicas.empty()) return failed(" and has replicas of its own");
      CHECK_OK(check_overwrite(caller, view, place));
    }
    CHECK_OK(kv::remove(view, place.path(), *there));
  }
  LoadedObject replica;
  Facet facet;
  facet.suffix = secret.facet.suffix;
  facet.kms_key = out.kms_key;
  facet.primary_region = secret.place.region();
  facet.replica_of = secret.home;
  replica.object.created = replica.object.updated = caller.now;
  replica.set(facet);
  CHECK_OK(kv::save(view, place.path(), replica));
  return out;
}

Result<void> KvAws::add_replicas(const Caller& caller, Transaction& view, Secret& secret, const std::vector<ReplicaRegion>& regions,
                                 bool overwrite) {
  for (const ReplicaRegion& wanted : regions)
    if (*wanted.region == secret.place.region()) return refuse(Refusal::invalid_parameter, "Invalid replica region.");
  for (const ReplicaRegion& wanted : regions) {
    Replica made = TRY(make_replica(caller, view, secret, wanted, overwrite));
    std::erase_if(secret.facet.replicas, [&](const Replica& replica) { return replica.region == made.region; });
    secret.facet.replicas.push_back(std::move(made));
  }
  if (!secret.facet.replicas.empty()) secret.facet.primary_region = secret.place.region();
  return save(view, secret, caller.now);
}

Result<Replicated> KvAws::replicate(const Caller& caller, Transaction& view, const ReplicateSecret& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.present("addReplicaRegions", in.regions.has_value());
  if (in.regions) {
    c.count("addReplicaRegions", in.regions->size(), 1, 1000);
    check_regions(c, *in.regions);
  }
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id_length(in.secret));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  CHECK_OK(add_replicas(caller, view, secret, *in.regions, in.overwrite));
  return Replicated{secret.arn(), *replica_statuses(secret).value};
}

Result<Replicated> KvAws::remove_regions(const Caller& caller, Transaction& view, const RemoveRegions& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.present("removeReplicaRegions", in.regions.has_value());
  if (in.regions) c.count("removeReplicaRegions", in.regions->size(), 1, 1000);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id_length(in.secret));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  for (const std::string& region : *in.regions) {
    // One that is not there is no fault, so that a removal can be repeated.
    std::erase_if(secret.facet.replicas, [&](const Replica& replica) { return replica.region == region; });
    CHECK_OK(remove_replica(caller, view, secret, region));
  }
  if (secret.facet.replicas.empty()) secret.facet.primary_region.clear();
  CHECK_OK(save(view, secret, caller.now));
  return Replicated{secret.arn(), replica_statuses(secret).value.value_or(std::vector<ReplicaStatus>())};
}

// The replica becomes a secret of its own, with the versions that the primary has now.
Result<OnlyArn> KvAws::stop_replication(const Caller& caller, Transaction& view, const OneSecret& in) {
  CHECK_OK(check_secret_id_length(in.secret));
  Secret secret = TRY(find(caller, view, in.path));
  if (!secret.replica) return refuse(Refusal::invalid_request, "You can't stop replication of a secret that is not a replica.");
  if (secret.object().state == State::deleted) return marked_for_deletion();
  const std::string own = secret.place.path(), home = secret.home, region = secret.place.region();
  CHECK_OK(copy_versions(view, home, own, secret.object(), secret.facet));
  Secret primary{Place(*caller.scope, home), {}, {}, home};
  if (!TRY(load_into(view, home, caller.now, nullptr, primary.loaded))) return no_such_secret();
  primary.facet = TRY(facet_of(view, home, primary.object()));
  std::erase_if(primary.facet.replicas, [&](const Replica& replica) { return replica.region == region; });
  if (primary.facet.replicas.empty()) primary.facet.primary_region.clear();
  CHECK_OK(save(view, primary, caller.now));

  secret.facet.replicas.clear();
  secret.facet.primary_region.clear();
  secret.facet.rotation = {};  // the primary's goes on
  secret.home = own;
  secret.replica = false;
  CHECK_OK(save(view, secret, caller.now));
  return OnlyArn{secret.arn()};
}

Result<schema::NoMembers> KvAws::cross_account(const Caller&, Transaction&, const CrossAccount&) { return no_other_accounts(); }

}  // namespace coffer::kv::aws
