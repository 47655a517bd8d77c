#include "backend/listing.h"
#include "core/azure_apps/backend.h"
#include "core/azure_apps/trust.h"
#include "core/issue.h"

// Issuers that are trusted, and what their tokens may do.
namespace coffer::core {
namespace {

const Snapshot& records_of(const Caller& c) { return spaces_of(c).read(trust_space(c.tenant)); }
Transaction& changed_records_of(const Caller& c) { return spaces_of(c).write(trust_space(c.tenant)); }
const std::string& mount_of(const Caller& c) { return exchange_of(c).mount->entry.uuid; }

}  // namespace

Result<schema::Keys> AzureAppBackend::list_issuers(const Caller& c, const Snapshot&, const schema::NoMembers&) {
  return schema::Keys{TRY(list_names(records_of(c), issuer_key(mount_of(c), ""), '\0', {})), ""};
}

Result<std::optional<TrustedIssuer>> AzureAppBackend::read_issuer(const Caller& c, const Snapshot&, const TrustName& in) {
  return stored<TrustedIssuer>(records_of(c), issuer_key(mount_of(c), in.name));
}

Result<schema::Nothing> AzureAppBackend::write_issuer(const Caller& c, Transaction&, const PutIssuer& in) {
  CHECK_OK(check_app_name(in.name, "the issuer's name"));
  const std::string key = issuer_key(mount_of(c), in.name);
  TrustedIssuer issuer = TRY(stored<TrustedIssuer>(records_of(c), key)).value_or(TrustedIssuer());
  CHECK_OK(in.change.apply(issuer));
  if (issuer.issuer.empty()) return invalid("an issuer needs what its tokens have as iss: give issuer");
  CHECK_OK(crypto::VerificationKeys::load(issuer.public_keys, issuer.jwks));
  CHECK_OK(changed_records_of(c).put(key, schema::to_json(issuer)));
  return schema::Nothing{};
}

Result<schema::Nothing> AzureAppBackend::delete_issuer(const Caller& c, Transaction&, const TrustName& in) {
  changed_records_of(c).erase(issuer_key(mount_of(c), in.name));
  return schema::Nothing{};
}

Result<schema::Keys> AzureAppBackend::list_grants(const Caller& c, const Snapshot&, const schema::NoMembers&) {
  return schema::Keys{TRY(list_names(records_of(c), grant_key(mount_of(c), ""), '\0', {})), ""};
}

Result<std::optional<ClaimGrant>> AzureAppBackend::read_grant(const Caller& c, const Snapshot&, const TrustName& in) {
  return stored<ClaimGrant>(records_of(c), grant_key(mount_of(c), in.name));
}

Result<schema::Nothing> AzureAppBackend::write_grant(const Caller& c, Transaction&, const PutGrant& in) {
  CHECK_OK(check_app_name(in.name, "the grant's name"));
  const std::string key = grant_key(mount_of(c), in.name);
  ClaimGrant grant = TRY(stored<ClaimGrant>(records_of(c), key)).value_or(ClaimGrant());
  CHECK_OK(in.change.apply(grant));
  if (grant.claim.empty() || grant.values.items.empty()) return invalid("a grant needs a claim and values");
  if (!TRY(stored<TrustedIssuer>(records_of(c), issuer_key(mount_of(c), grant.issuer)))) return invalid("issuer must be the name of a trusted issuer");
  grant.token_policies.items = TRY(schema::policy_names(grant.token_policies.items));
  CHECK_OK(refuse_root(grant.token_policies.items));
  CHECK_OK(changed_records_of(c).put(key, schema::to_json(grant)));
  return schema::Nothing{};
}

Result<schema::Nothing> AzureAppBackend::delete_grant(const Caller& c, Transaction&, const TrustName& in) {
  changed_records_of(c).erase(grant_key(mount_of(c), in.name));
  return schema::Nothing{};
}

}  // namespace coffer::core
