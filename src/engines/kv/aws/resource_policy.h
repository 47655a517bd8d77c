#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engines/kv/aws/secret.h"
#include "policy/iam.h"

// Policies attached to secrets. What a caller may do is granted by policies of the server, of the key that signed (KvAws::granted), or by an Allow of the
// secret's own; an explicit Deny of any of them forbids it.
namespace coffer::kv::aws {

using Context = std::map<std::string, std::vector<std::string>, std::less<>>;

// What conditions may look at of a request's members (conditions.cpp): of those that the action takes.
[[nodiscard]] Context request_context(const ActionScope& scope);
// What conditions may look at: the caller and the request; the resource is left open.
[[nodiscard]] policy::iam::Query request_query(const Caller& caller);
// The same of a request about this secret, with its tags.
[[nodiscard]] policy::iam::Query query_of(const Caller& caller, const Secret& secret);
// AccessDeniedException where the secret's policy denies the request's action: to holders of the root policy, too, as AWS's own root user meets an
// explicit Deny. They alone may still read, put and delete the policy itself, and so mend one that locks everybody out.
[[nodiscard]] Result<void> check_policy(const Caller& caller, const Secret& secret);

}  // namespace coffer::kv::aws
