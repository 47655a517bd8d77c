#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/resource_policy.h"

// What policies in IAM's language allow beside the server's: that of the key that signed, and the secret's own.
namespace coffer::kv::aws {

namespace iam = policy::iam;
namespace {

std::unexpected<Error> denied(const iam::Query& query) {
  return refuse(Refusal::access_denied, "User: " + query.principal + " is not authorized to perform: " + query.action +
                                            " on resource: " + query.resource + " with an explicit deny in an identity-based policy");
}

// The resource of a request about no secret that is there: a list's is all of them, a secret's that is to be made the name that it will have, with six
// characters of which nothing is known.
std::string absent_resource(const Caller& caller, std::string_view path) {
  return path.empty() ? std::string("*") : Place(*caller.scope, path).arn("??????");
}

}  // namespace

Result<bool> KvAws::granted(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  const auto secret = in.path.empty() ? std::optional<Secret>() : TRY(look(caller, view, in.path, Previous::unsaid));
  iam::Query query = secret ? query_of(caller, *secret) : request_query(caller);
  if (!secret) query.resource = absent_resource(caller, in.path);
  const iam::Verdict own = caller.scope->identity ? iam::decide(*caller.scope->identity, query) : iam::Verdict::silent;
  if (own == iam::Verdict::denied) return denied(query);
  if (own == iam::Verdict::allowed) return true;
  if (!secret || secret->facet.policy.empty()) return false;
  const auto document = iam::parse(secret->facet.policy, iam::Kind::resource);
  return document && iam::decide(*document, query) == iam::Verdict::allowed;
}

// Whether the caller may do this to the secret, by whichever policy.
Result<bool> KvAws::may(const Caller& caller, const Snapshot& view, std::string_view path, const Permission& wanted) {
  ActionScope scope = *caller.scope;
  scope.action = wanted.action;
  Caller asking = caller;
  asking.scope = &scope;
  const std::string whole = caller.mount->path + std::string(wanted.area) + std::string(path);
  const Permit said = caller.authority != nullptr ? caller.authority->says(whole, wanted.verb) : Permit::silent;
  if (said == Permit::denied) return false;
  const bool allowed = said == Permit::allowed;
  if (allowed && !caller.scope->identity) return true;
  const bool otherwise = TRY(granted(asking, view, {path, {}}));
  return allowed || otherwise;
}

}  // namespace coffer::kv::aws
