#include "backend/iam_query.h"

#include "crypto/hash.h"

namespace coffer {
namespace {

constexpr std::string_view session_marker = ":assumed-role/", user_marker = ":user/";

// AWS's ids of principals: a kind, and 17 characters that stand for one.
std::string id_of(std::string_view kind, std::string_view of) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const crypto::Digest256 digest = crypto::sha256(of);
  std::string out(kind);
  for (std::size_t i = 0; i < 17; ++i) out.push_back(alphabet[static_cast<std::size_t>(digest[i]) % alphabet.size()]);
  return out;
}

struct RoleSession {
  std::string_view role, session;  // "" of who is no session
};
RoleSession session_of(std::string_view principal) {
  const std::size_t at = principal.find(session_marker);
  if (at == principal.npos) return {};
  principal.remove_prefix(at + session_marker.size());
  const std::size_t slash = std::min(principal.find('/'), principal.size());
  return {principal.substr(0, slash), principal.substr(std::min(slash + 1, principal.size()))};
}

}  // namespace

std::string role_arn(const ActionScope& scope, std::string_view role) {
  return std::string("arn:").append(scope.partition).append(":iam::").append(scope.account).append(":role/").append(role);
}

std::string session_id(const ActionScope& scope, std::string_view role, std::string_view session) {
  return id_of("AROA", scope.account + std::string(role)).append(":").append(session);
}

std::string principal_id(const ActionScope& scope) {
  const auto [role, session] = session_of(scope.principal);
  if (!role.empty()) return session_id(scope, role, session);
  return policy::iam::is_root_arn(scope.principal) ? scope.account : id_of("AIDA", scope.principal);
}

policy::iam::Query caller_query(const Caller& caller) {
  const ActionScope& scope = *caller.scope;
  policy::iam::Query query{scope.principal, scope.account, std::string(scope.action), {}, {}};
  const auto tell = [&](std::string key, std::string value) { query.context[std::move(key)] = {std::move(value)}; };
  const std::string_view role = session_of(scope.principal).role;
  // A session's principal is its role; the session itself is told by aws:userid.
  tell("aws:principalarn", role.empty() ? scope.principal : role_arn(scope, role));
  tell("aws:principalaccount", query.account);
  tell("aws:principaltype", caller.root ? "Account" : role.empty() ? "User" : "AssumedRole");
  tell("aws:userid", principal_id(scope));
  const std::size_t user = scope.principal.find(user_marker);
  if (user != scope.principal.npos) tell("aws:username", scope.principal.substr(user + user_marker.size()));  // a role has none
  tell("aws:sourceip", std::string(caller.remote_address));
  tell("aws:securetransport", scope.tls ? "true" : "false");
  // Those of which AWS always knows: a Deny that asks for one would else do nothing.
  tell("aws:viaawsservice", "false");
  tell("aws:principalisawsservice", "false");
  if (scope.session_began) {
    tell("aws:tokenissuetime", rfc3339(*scope.session_began));
    tell("aws:multifactorauthpresent", "false");
  }
  tell("aws:currenttime", rfc3339(caller.now));
  tell("aws:epochtime", std::to_string(unix_seconds(caller.now)));
  tell("aws:requestedregion", scope.region);
  return query;
}

std::string not_authorized(const ActionScope& scope, std::string_view action, std::string_view resource) {
  std::string out = "User: " + scope.principal + " is not authorized to perform: ";
  return out.append(action).append(" on resource: ").append(resource);
}

Result<bool> allowed_by_document(const Caller& caller, const policy::iam::Query& query, const char* type, std::string_view told) {
  using policy::iam::Verdict;
  const ActionScope& scope = *caller.scope;
  const auto refused = [&](const std::string& why) { return fail(Code::permission_denied, type, not_authorized(scope, query.action, told) + why); };
  const auto says = [&](const auto& document) { return document ? policy::iam::decide(*document, query) : Verdict::silent; };
  const Verdict narrowed = says(scope.session_policy), own = says(scope.identity);
  if (own == Verdict::denied) return refused(" with an explicit deny in an identity-based policy");
  if (narrowed == Verdict::denied) return refused(" with an explicit deny in a session policy");
  if (scope.session_policy && narrowed != Verdict::allowed) return refused(" because no session policy allows the " + query.action + " action");
  return own == Verdict::allowed;
}

}  // namespace coffer
