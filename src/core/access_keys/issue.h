#pragma once
#include <string>
#include <vector>

#include "core/exchange.h"
#include "core/spaces.h"
#include "schema/login.h"
#include "token/store.h"

namespace coffer::core {

// The token that an access key or a role's session stands for. Nobody is told its text.
struct KeyToken {
  std::string principal;     // "user/<name>", "assumed-role/<role>/<session>"
  std::string display_name;  // after the mount's name
  std::string alias_name;    // of the entity; "" gives it none
  std::vector<std::string> policies;
  bool no_default_policy = false;
  std::vector<std::string> bound_cidrs;
  Seconds ttl{0};  // 0: it has no end
  std::string parent;  // id; "": an orphan
  std::vector<std::string> assumed_roles;  // these two: token::Record
  std::string session_policy;
};
[[nodiscard]] Result<token::Record> issue_key_token(Exchange& x, RequestSpaces& spaces, const KeyToken& wanted);

// The name of a user, role or session as AWS has it: letters, digits and +=,.@_- ; at most 64.
[[nodiscard]] Result<void> check_aws_name(std::string_view name, std::string_view what);

}  // namespace coffer::core
