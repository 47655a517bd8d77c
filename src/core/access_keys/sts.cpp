#include "backend/iam_query.h"
#include "base/encoding.h"
#include "core/access_keys/backend.h"
#include "core/access_keys/issue.h"
#include "core/access_keys/web_identity.h"

// What AWS's Security Token Service answers. Errors carry its names.
namespace coffer::core {
namespace {

constexpr Seconds container_duration{3600};
constexpr Seconds least_duration{900};
constexpr std::size_t most_chained = 10;

std::unexpected<Error> not_valid(std::string message) { return fail(Code::invalid_argument, "ValidationError", std::move(message)); }
std::unexpected<Error> denied(const Caller& c, std::string_view action, std::string_view resource) {
  if (!c.scope->principal.empty()) return fail(Code::permission_denied, "AccessDenied", not_authorized(*c.scope, action, resource));
  return fail(Code::permission_denied, "AccessDenied", "Not authorized to perform: " + std::string(action) + " on resource: " + std::string(resource));
}

Result<Seconds> duration_of(const AssumeRole& in, const KeyRole& role) {
  const Seconds wanted{in.duration};
  if (wanted < least_duration || wanted > Seconds(43'200))
    return not_valid("1 validation error detected: Value '" + std::to_string(in.duration) +
                     "' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200");
  if (wanted > role.max_session_duration)
    return not_valid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  return wanted;
}

Result<void> check_session_policy(std::string_view text) {
  constexpr std::size_t most = 2048;
  // An empty one would leave the session as wide as its role.
  if (text.empty()) return not_valid("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length greater than or equal to 1");
  if (text.size() > most)
    return not_valid("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048");
  if (auto document = policy::iam::parse_new(text, policy::iam::Kind::identity); !document)
    return fail(Code::invalid_argument, "MalformedPolicyDocument", "Policy: " + document.error().message);
  return {};
}

Result<void> check_request(const Caller& c, const AssumeRole& in) {
  // To leave them out of account would give more than was asked for: they stand in as many members as there are of them.
  const auto has = [members = c.scope->body.members()](std::string_view prefix) {
    return std::ranges::any_of(members, [prefix](const auto& member) { return member.key.starts_with(prefix); });
  };
  if (has("PolicyArns.")) return not_valid("Managed policies are not supported for sessions: send a policy document as Policy.");
  if (c.scope->body.find("Policy").has_value()) CHECK_OK(check_session_policy(in.policy));
  if (has("Tags.")) return not_valid("Session tags are not supported.");
  if (in.session_name.size() < 2 || !check_aws_name(in.session_name, ""))
    return not_valid(
        "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [\\w+=,.@-]{2,64}");
  return {};
}

Result<std::optional<KeptRole>> role_of(const Caller& c, std::string_view name) {
  return find_key_role(spaces_of(c).read(access_key_space(c.tenant)), role_key(exchange_of(c).mount->entry.uuid, name));
}

// The answer, and the token of the session.
Result<AssumedRole> begin_session(const Caller& c, const AssumeRole& in, const KeptRole& kept, KeyToken wanted) {
  Exchange& x = exchange_of(c);
  const KeyRole& role = kept.role;
  Seconds duration = TRY(duration_of(in, role));
  if (wanted.ttl > Seconds(0)) duration = std::min(duration, wanted.ttl);
  wanted.principal = "assumed-role/" + in.role + "/" + in.session_name;
  wanted.display_name = in.role + "-" + in.session_name;
  wanted.policies = role.token_policies.items;
  wanted.no_default_policy = role.token_no_default_policy;
  if (!role.token_bound_cidrs.items.empty()) wanted.bound_cidrs = role.token_bound_cidrs.items;
  wanted.ttl = duration;
  wanted.assumed_roles.insert(wanted.assumed_roles.begin(), role_reference(role_key(x.mount->entry.uuid, in.role), kept.id));
  if (wanted.assumed_roles.size() > most_chained) return not_valid("A session cannot be opened by a chain of more than 10 others.");
  wanted.session_policy = in.policy;
  const token::Record token = TRY(issue_key_token(x, spaces_of(c), wanted));
  auto made = TRY(session_of(token, duration, *x.runtime));
  AssumedRole out;
  out.credentials = {std::move(made.key_id), std::move(made.secret), SecretBytes::copy_of(made.session_token), made.expires};
  out.user.arn = "arn:" + c.scope->partition + ":sts::" + c.scope->account + ":" + wanted.principal;
  out.user.id = session_id(*c.scope, in.role, in.session_name);
  return out;
}

}  // namespace

Result<CallerIdentity> AccessKeyBackend::identity(const Caller& c, const Snapshot&, const schema::NoMembers&) {
  if (c.token_id.empty()) return fail(Code::unauthenticated, "MissingAuthenticationToken", "Request is missing Authentication Token");
  return CallerIdentity{principal_id(*c.scope), c.scope->account, c.scope->principal};
}

Result<bool> AccessKeyBackend::may_assume(const Caller& c, const Snapshot&, const AssumeRole& in) {
  policy::iam::Query query = caller_query(c);
  query.resource = role_arn(*c.scope, in.role);
  query.context["sts:rolesessionname"] = {in.session_name};
  query.context["sts:durationseconds"] = {std::to_string(in.duration)};
  return allowed_by_document(c, query, "AccessDenied", query.resource);
}

Result<AssumedRole> AccessKeyBackend::assume(const Caller& c, Transaction&, const AssumeRole& in) {
  CHECK_OK(check_request(c, in));
  const auto role = TRY(role_of(c, in.role));
  if (!role) return denied(c, "sts:AssumeRole", in.role_arn);
  KeyToken wanted;
  // What ends the caller's token ends the sessions that it opened.
  const token::Record& caller = exchange_of(c).token->record;
  if (caller.kind == token::Kind::batch) return not_valid("batch tokens cannot assume a role");
  if (caller.limited) return not_valid("tokens with a limited number of uses cannot assume a role");
  wanted.parent = caller.id;
  wanted.bound_cidrs = caller.bound_cidrs;  // unless the role has its own
  wanted.assumed_roles = caller.assumed_roles;
  // A chained session, which nobody gives a duration, ends with its opener at the latest; the answer tells when.
  if (caller.expire != Time()) wanted.ttl = std::max(Seconds(1), std::chrono::floor<Seconds>(caller.expire - c.now));
  return begin_session(c, in, *role, std::move(wanted));
}

Result<AssumedRole> AccessKeyBackend::assume_by_web(const Caller& c, Transaction&, const AssumeRole& in) {
  CHECK_OK(check_request(c, in));
  const auto role = TRY(role_of(c, in.role));
  if (!role) return denied(c, "sts:AssumeRoleWithWebIdentity", in.role_arn);
  const WebIdentity who = TRY(judge_web_identity(role->role, in.web_identity_token, c.now));
  KeyToken wanted;
  wanted.alias_name = who.issuer + "/" + who.subject;
  AssumedRole out = TRY(begin_session(c, in, *role, std::move(wanted)));
  out.subject.value = who.subject;
  out.audience.value = who.audience;
  out.provider.value = who.issuer;
  return out;
}

Result<ContainerCredentials> AccessKeyBackend::container(const Caller& c, const Snapshot&, const schema::NoMembers&) {
  const Exchange& x = exchange_of(c);
  if (!x.token) return fail(Code::unauthenticated, "AccessDenied", "Put a token into AWS_CONTAINER_AUTHORIZATION_TOKEN");
  auto made = TRY(session_of(x.token->record, container_duration, *x.runtime));
  return ContainerCredentials{std::move(made.key_id), std::move(made.secret), SecretBytes::copy_of(made.session_token), made.expires,
                              c.scope->account};
}

}  // namespace coffer::core
