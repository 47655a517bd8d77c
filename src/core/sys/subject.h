#pragma once
#include "core/exchange.h"
#include "core/system.h"

// The token that a question of sys/ is about, as the request's snapshot has it.
namespace coffer::core {

// `invalid token` and `invalid accessor` where there is none, or none any more.
[[nodiscard]] Result<LiveTokenPtr> token_by_text(const Caller& caller, std::string_view text);
[[nodiscard]] Result<LiveTokenPtr> token_by_accessor(const Caller& caller, std::string_view accessor);

}  // namespace coffer::core
