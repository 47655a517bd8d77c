#pragma once
#include <optional>

#include "doors/azure/door.h"

// The authority that Azure's clients ask for tokens: in place of Entra ID and AD FS, whose URLs and documents it has.
namespace coffer::doors::azure {

// What a URL of the authority is for; nothing when it is none. `base` is the server as the client calls it; a document is written to `document`.
[[nodiscard]] std::optional<Purpose> purpose_of(std::string_view method, const Target& target, std::string_view base,
                                                std::string_view tenant, std::string& document);

// Whether an error is one of those that a token endpoint names itself (RFC 6749 section 5.2).
[[nodiscard]] bool is_oauth_error(const Error& error);

}  // namespace coffer::doors::azure
