#include <algorithm>
#include <array>

#include "backend/iam_query.h"
#include "base/encoding.h"
#include "engines/kv/aws/kv_aws.h"
#include "engines/kv/aws/resource_policy.h"

// Resource policies: Get-, Put-, Delete-, Validate- and ListResourcePolicies.
namespace coffer::kv::aws {
namespace {

namespace iam = policy::iam;

constexpr std::string_view only_policy = "default";  // the one name that AWS knows so far
constexpr std::size_t max_policy = 20'480;

Result<void> check_policy_name(const std::optional<std::string>& name) {
  if (!name || *name == only_policy) return {};
  return refuse(Refusal::invalid_parameter, "The PolicyName must be default.");
}

Result<iam::Document> read(std::string_view text) {
  auto document = iam::parse_new(text, iam::Kind::resource);
  if (!document) return refuse(Refusal::bad_policy, "This resource policy contains a syntax error: " + document.error().message + ".");
  return document;
}

void check_document(Constraints& c, const PutResourcePolicy& in) {
  c.present("resourcePolicy", in.policy.has_value());
  if (in.policy && (in.policy->empty() || in.policy->size() > max_policy))
    c.length("resourcePolicy", *in.policy, 1, max_policy, Constraints::Echo::hidden);
  c.length_if("policyName", in.policy_name, 1, 64);
}

}  // namespace

iam::Query request_query(const Caller& caller) {
  iam::Query query = caller_query(caller);
  query.context.merge(request_context(*caller.scope));
  return query;
}

iam::Query query_of(const Caller& caller, const Secret& secret) {
  iam::Query query = request_query(caller);
  query.resource = secret.arn();
  const auto tell = [&](std::string key, std::string value) { query.context[std::move(key)] = {std::move(value)}; };
  tell("aws:requestedregion", secret.place.region());
  tell("secretsmanager:secretid", secret.arn());
  if (!secret.facet.primary_region.empty()) tell("secretsmanager:secretprimaryregion", secret.facet.primary_region);
  if (!secret.facet.type.empty()) tell("secretsmanager:resource/type", secret.facet.type);
  if (!secret.facet.rotation.function.empty()) tell("secretsmanager:resource/allowrotationlambdaarn", secret.facet.rotation.function);
  secret.object().tags.each([&](std::string_view key, std::string_view value) {
    const std::string name = ascii_lower(key);
    // Tags that differ in case are several values of one key.
    for (const char* head : {"aws:resourcetag/", "secretsmanager:resourcetag/"}) query.context[head + name].emplace_back(value);
  });
  return query;
}

Result<void> check_policy(const Caller& caller, const Secret& secret) {
  const bool mends = caller.root && caller.scope->action.ends_with("ResourcePolicy");
  if (secret.facet.policy.empty() || mends) return {};
  const auto document = iam::parse(secret.facet.policy, iam::Kind::resource);
  if (!document) return fail(Code::corrupt, "the stored policy of this secret cannot be read");
  const iam::Query query = query_of(caller, secret);
  if (iam::decide(*document, query) != iam::Verdict::denied) return {};
  return refuse(Refusal::access_denied,
                not_authorized(*caller.scope, query.action, secret.arn()) + " with an explicit deny in a resource-based policy");
}

Result<PolicyShown> KvAws::get_policy(const Caller& caller, const Snapshot& view, const NamedPolicy& in) {
  CHECK_OK(check_secret_id_length(in.secret));
  CHECK_OK(check_policy_name(in.policy_name));
  const Secret secret = TRY(find(caller, view, in.path));
  if (secret.object().state == State::deleted) return marked_for_deletion();
  PolicyShown out{secret.arn(), secret.place.name(), {}, {}};
  if (!secret.facet.policy.empty()) {
    out.policy.value = secret.facet.policy;
    out.policy_name.value = std::string(only_policy);
  }
  return out;
}

// A policy that allows hands the secret out, so it takes who may do with it what there is to do: nobody gives away what is not theirs.
Result<void> KvAws::may_hand_out(const Caller& caller, const Snapshot& view, std::string_view path, const iam::Document& document) {
  const auto allows = [](const iam::Statement& statement) { return statement.effect == iam::Effect::allow; };
  if (caller.root || std::ranges::none_of(document.statements, allows)) return {};
  constexpr std::array all{Permission{"secretsmanager:GetSecretValue", "data/", schema::Verb::read},
                           Permission{"secretsmanager:PutSecretValue", "data/", schema::Verb::write},
                           Permission{"secretsmanager:DescribeSecret", "metadata/", schema::Verb::read},
                           Permission{"secretsmanager:DeleteSecret", "metadata/", schema::Verb::remove}};
  for (const Permission& one : all)
    if (!TRY(may(caller, view, path, one)))
      return refuse(Refusal::access_denied, "User: " + caller.scope->principal + " is not authorized to allow others what it may not do itself: " +
                                                std::string(one.action));
  return {};
}

Result<SecretRef> KvAws::put_policy(const Caller& caller, Transaction& view, const PutResourcePolicy& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  check_document(c, in);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id_length(in.secret));
  CHECK_OK(check_policy_name(in.policy_name));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  const iam::Document document = TRY(read(*in.policy));
  CHECK_OK(may_hand_out(caller, view, in.path, document));
  if (in.block_public.value_or(false) && iam::is_public(document))
    return refuse(Refusal::public_policy, "The resource policy grants broad access to the secret, and BlockPublicPolicy is set.");
  secret.facet.policy = *in.policy;
  CHECK_OK(save(view, secret, caller.now));
  return SecretRef{secret.arn(), secret.place.name(), {}, {std::string(only_policy)}};
}

Result<SecretRef> KvAws::delete_policy(const Caller& caller, Transaction& view, const NamedPolicy& in) {
  CHECK_OK(check_secret_id_length(in.secret));
  CHECK_OK(check_policy_name(in.policy_name));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  if (!secret.facet.policy.empty()) {
    secret.facet.policy.clear();
    CHECK_OK(save(view, secret, caller.now));
  }
  return SecretRef{secret.arn(), secret.place.name(), {}, {std::string(only_policy)}};
}

// Says what putting the policy would come to: its syntax, whether it lets anybody in, and whether the caller could not change it any more.
Result<PolicyChecked> KvAws::validate_policy(const Caller& caller, Transaction& view, const PutResourcePolicy& in) {
  Constraints c;
  check_document(c, in);
  CHECK_OK(c.done());
  std::optional<Secret> secret;
  if (in.secret) {
    CHECK_OK(check_secret_id(in.secret));
    secret = TRY(find(caller, view, in.path));
  }
  const iam::Document document = TRY(read(*in.policy));
  PolicyChecked out;
  if (iam::is_public(document))
    out.faults.push_back({"PUBLIC_ACCESS", "The policy grants broad access to the secret: anybody may use it."});
  if (secret) {
    iam::Query query = query_of(caller, *secret);
    query.action = "secretsmanager:PutResourcePolicy";
    if (!caller.root && iam::decide(document, query) == iam::Verdict::denied)
      out.faults.push_back({"LOCKOUT", "The policy would keep you from changing it again."});
  }
  out.passed = out.faults.empty();
  return out;
}

Result<PolicyList> KvAws::list_policies(const Caller& caller, const Snapshot& view, const ListResourcePolicies& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  if (in.limit) c.range("maxResults", *in.limit, 1, 100);
  CHECK_OK(c.done());
  CHECK_OK(check_secret_id_length(in.secret));
  if (in.next) return refuse(Refusal::next_token, "The NextToken value is invalid.");  // one policy at most: no answer has a second page
  const Secret secret = TRY(find(caller, view, in.path));
  PolicyList out;
  if (!secret.facet.policy.empty()) out.policies.push_back({std::string(only_policy)});
  return out;
}

}  // namespace coffer::kv::aws
