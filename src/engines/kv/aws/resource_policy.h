#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engines/kv/aws/secret.h"
#include "policy/iam.h"

// Policies attached to secrets. They can only take away: what a caller may do is granted by policies of the server (the gate), and an explicit Deny of the
// secret's own policy forbids it again, through this door.
namespace coffer::kv::aws {

using Context = std::map<std::string, std::vector<std::string>, std::less<>>;

// What conditions may look at: the caller, the secret, its tags, and `more` of the request (keys in lower case).
[[nodiscard]] policy::iam::Query query_of(const Caller& caller, const Secret& secret, Context more = {});
// AccessDeniedException where the secret's policy denies the request's action: to holders of the root policy, too, as AWS's own root user meets an
// explicit Deny. They alone may still read, put and delete the policy itself, and so mend one that locks everybody out.
[[nodiscard]] Result<void> check_policy(const Caller& caller, const Secret& secret, Context more = {});

}  // namespace coffer::kv::aws
