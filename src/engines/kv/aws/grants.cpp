#include "backend/iam_query.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/resource_policy.h"

// What policies in IAM's language allow beside the server's: that of the key that signed or of its role, and the secret's own.
namespace coffer::kv::aws {

namespace iam = policy::iam;
namespace {

// Whether the request is about all secrets of its region; its path is then their folder.
bool lists(const ActionScope& scope) {
  return scope.action == "secretsmanager:ListSecrets" || scope.action == "secretsmanager:BatchGetSecretValue";
}

// The resource of a request about no secret that is there: a list's is all of them, a secret's that is to be made the name that it will have, with six
// characters of which nothing is known.
std::string absent_resource(const Caller& caller, std::string_view path) {
  return path.empty() || lists(*caller.scope) ? std::string("*") : Place(*caller.scope, path).arn("??????");
}

// Whether a document of the caller's, or the secret's own policy, allows what is asked. A denial of the former is an error that names the resource as `told`.
Result<bool> documents_allow(const Caller& caller, const iam::Query& query, std::string_view told, const Secret* secret) {
  if (TRY(allowed_by_document(caller, query, "AccessDeniedException", told))) return true;
  if (secret == nullptr || secret->facet.policy.empty()) return false;
  const auto document = iam::parse(secret->facet.policy, iam::Kind::resource);
  return document && iam::decide(*document, query) == iam::Verdict::allowed;
}

}  // namespace

Result<bool> KvAws::granted(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  const auto secret =
      in.path.empty() || lists(*caller.scope) ? std::optional<Secret>() : TRY(look(caller, view, in.path, Previous::unsaid));
  iam::Query query = secret ? query_of(caller, *secret) : request_query(caller);
  const std::string absent = absent_resource(caller, in.path);
  if (!secret) query.resource = absent;
  // A denial repeats what the request named, so that it does not tell what is there.
  return documents_allow(caller, query, in.secret ? *in.secret : absent, secret ? &*secret : nullptr);
}

// Whether the caller may do this to the secret, by whichever policy: what one denies none can allow.
Result<bool> KvAws::may(const Caller& caller, const Snapshot& view, std::string_view path, const Permission& wanted) {
  ActionScope scope = *caller.scope;
  scope.action = wanted.action;
  Caller asking = caller;
  asking.scope = &scope;
  const std::string whole = caller.mount->path + std::string(wanted.area) + std::string(path);
  const Permit said = caller.authority != nullptr ? caller.authority->says(whole, wanted.verb) : Permit::silent;
  if (said == Permit::denied) return false;
  const bool allowed = said == Permit::allowed;
  if (allowed && !caller.scope->has_documents()) return true;
  const bool otherwise = TRY(granted(asking, view, {path, {}}));
  return allowed || otherwise;
}

Result<void> KvAws::must(const Caller& caller, const Snapshot& view, std::string_view path, const Permission& wanted) {
  if (TRY(may(caller, view, path, wanted))) return {};
  return refuse(Refusal::access_denied,
                not_authorized(*caller.scope, wanted.action, absent_resource(caller, path)) + " because no policy allows it");
}

// What policies would say of the request that is being answered if the secret were already as it leaves it: who changes tags may not lock itself out.
Result<void> KvAws::keeps_permission(const Caller& caller, const Secret& changed) {
  if (caller.root || (!caller.scope->has_documents() && changed.facet.policy.empty())) return {};
  CHECK_OK(check_policy(caller, changed));
  const iam::Query query = query_of(caller, changed);
  if (TRY(documents_allow(caller, query, query.resource, &changed))) return {};
  const std::string whole = caller.mount->path + "metadata/" + changed.place.path();
  if (caller.authority != nullptr && caller.authority->allows(whole, schema::Verb::write)) return {};
  return refuse(Refusal::access_denied, not_authorized(*caller.scope, query.action, query.resource) + " once its tags are changed so");
}

}  // namespace coffer::kv::aws
