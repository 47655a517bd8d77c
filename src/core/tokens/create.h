#pragma once
#include "core/exchange.h"
#include "core/system.h"
#include "core/tokens/requests.h"

namespace coffer::core {

// What a role says under its newer or its older name; 0: nothing.
[[nodiscard]] Seconds period_of(const TokenRole& role);
[[nodiscard]] Seconds explicit_max_of(const TokenRole& role);
// The smaller of two limits, where 0 is none.
[[nodiscard]] Seconds smaller(Seconds a, Seconds b);
[[nodiscard]] Result<std::optional<TokenRole>> read_role(const Snapshot& tokens, std::string_view name);
// auth/token/create in its three forms. `role` null: none.
[[nodiscard]] Result<schema::Answer<schema::AuthBlock>> create_token(System& system, const Caller& caller, const CreateToken& in, const TokenRole* role, bool orphan);

}  // namespace coffer::core
