#pragma once
#include <string>

#include "backend/action.h"
#include "token/record.h"

namespace coffer::core {

// Member of a token's metadata: who holds it in the words of AWS, "user/<name>" or "assumed-role/<role>/<session>".
inline constexpr std::string_view principal_meta = "aws_principal";

// The ARN of whoever holds a token. Tokens that no access key stands for are users of their display name.
[[nodiscard]] std::string principal_arn(const ActionScope& scope, const token::Record& token);

}  // namespace coffer::core
