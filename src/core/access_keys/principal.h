#pragma once
#include <string>

#include "backend/action.h"
#include "token/record.h"

namespace coffer::core {

// Member of a token's metadata: who holds it in the words of AWS, "user/<name>" or "assumed-role/<role>/<session>".
inline constexpr std::string_view principal_meta = "aws_principal";

// The ARN of whoever holds a token. For tokens that no access key stands for: the account's for root, "user/<mount>/<name>" of who logged in
// ("user/userpass/ann"), and "user/token/<id>" of others, where nobody chooses the id. No two of them are the same, whatever a name holds.
[[nodiscard]] std::string principal_arn(const ActionScope& scope, const token::Record& token);

}  // namespace coffer::core
