#pragma once
#include "core/exchange.h"

// Small steps of the pipeline that need no state of their own.
namespace coffer::core {

// Names in the path of an endpoint that folds them: from here on only their normal spelling exists (S2, E03). Refuses what is no name.
[[nodiscard]] Result<void> fold_names(Exchange& x);
// `?help=1`: the help of a mount or of an endpoint, with its OpenAPI. `version` outlives the answer.
[[nodiscard]] schema::Reply help_reply(const Exchange& x, std::string_view version);
// GET cubbyhole/response with a wrapping token (vault-api.md §1.0): the wrapped envelope as a string.
[[nodiscard]] Result<schema::Reply> wrapped_by_cubbyhole(Exchange& x, RequestSpaces& spaces);
// What a verb that the endpoint does not serve is answered: like Vault nothing where the server itself answers (seal, health), a plain text
// at login paths, and elsewhere the text of a backend.
[[nodiscard]] std::string unsupported_verb(const schema::Endpoint& endpoint);
// What an answer says of members of the body that the operation does not know, or that the path has a say in (vault-api.md §2.3).
[[nodiscard]] std::vector<std::string> parameter_warnings(const Exchange& x);
// The accessor that wrap_info shows of what is wrapped: of a token, or of a secret id.
[[nodiscard]] std::string wrapped_accessor_of(const Exchange& x);

}  // namespace coffer::core
