#pragma once
#include <string>
#include <string_view>

#include "backend/caller.h"
#include "policy/iam.h"

// Whoever asks by an action of AWS's, in the words of policies in IAM's language.
namespace coffer {

// "arn:aws:iam::<account>:role/<role>"
[[nodiscard]] std::string role_arn(const ActionScope& scope, std::string_view role);
// AWS's id of a session of that role: "AROA", 17 characters that stand for the role, ":<session>".
[[nodiscard]] std::string session_id(const ActionScope& scope, std::string_view role, std::string_view session);
// AWS's id of who asks: that of a session, the account's number of the root user, else "AIDA" and 17 characters.
[[nodiscard]] std::string principal_id(const ActionScope& scope);

// What conditions may look at of who asks (IAM User Guide, "AWS global condition context keys"); resource and request are left open.
[[nodiscard]] policy::iam::Query caller_query(const Caller& caller);
// "User: ... is not authorized to perform: ... on resource: ...".
[[nodiscard]] std::string not_authorized(const ActionScope& scope, std::string_view action, std::string_view resource);
// Whether the document of the key that signed, or of the session's role, allows what is asked; false without one. Where it denies that, or the session's own
// policy does not allow it, an error with this type (Error::type), which names the resource as `told`.
[[nodiscard]] Result<bool> allowed_by_document(const Caller& caller, const policy::iam::Query& query, const char* type,
                                               std::string_view told);

}  // namespace coffer
