#pragma once
#include "core/exchange.h"

// Small steps of the pipeline that need no state of their own.
namespace coffer::core {

// Names in the path of an endpoint that folds them: from here on only their normal spelling exists (S2, E03). Refuses what is no name.
[[nodiscard]] Result<void> fold_names(Exchange& x);
// `?help=1`: the help of a mount or of an endpoint, with its OpenAPI.
[[nodiscard]] schema::Reply help_reply(const Exchange& x);
// GET cubbyhole/response with a wrapping token (vault-api.md §1.0): the wrapped envelope as a string.
[[nodiscard]] Result<schema::Reply> wrapped_by_cubbyhole(Exchange& x, RequestSpaces& spaces);
// `Endpoint ignored these unrecognized parameters: [a b]`, or "".
[[nodiscard]] std::string ignored_parameters(const Exchange& x);
// The accessor that wrap_info shows of what is wrapped: of a token, or of a secret id.
[[nodiscard]] std::string wrapped_accessor_of(const Exchange& x);

}  // namespace coffer::core
