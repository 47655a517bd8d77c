#pragma once

// Why the core itself refuses a request, where a door has another answer for it than for the code alone (Error::type).
namespace coffer::core {

inline constexpr const char* address_refused = "address not allowed";  // the token is bound to addresses, and the caller's is none of them

}  // namespace coffer::core
