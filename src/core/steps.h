#pragma once
#include "core/exchange.h"

// Small steps of the pipeline that need no state of their own.
namespace coffer::core {

// CORS (sys/config/cors): refuses a page of an origin that may not call, and what asks by OPTIONS what is not to be had.
[[nodiscard]] Result<void> judge_origin(Exchange& x);
// There is the root namespace only, so a request for another is refused; what is about the server itself is answered whatever the header says.
[[nodiscard]] Result<void> check_name_space(const Exchange& x);
// The path as the handler will understand it, where it came otherwise: names of an endpoint that folds them in their normal spelling (S2, E03),
// no slash at the end of what is no list. From here on only this spelling exists. Refuses what is no name.
[[nodiscard]] Result<void> fold_path(Exchange& x);
// The same of any path: as the handler of `endpoint` understands `rest` below the mount; whole, with the mount.
[[nodiscard]] std::string folded_path(const MountEntry& mount, const schema::Endpoint& endpoint, std::string_view rest, schema::Verb verb);
// How many segments in front keep their case where an endpoint folds names: those of its mount. 0 where it folds none (policy::Query).
[[nodiscard]] std::size_t folds_after(const MountEntry& mount, const schema::Endpoint* endpoint);
// What policies say of a request for the path as it came, and as it is understood (`folded`; "" where that is the same): a rule that denies
// either denies, one that grants must grant the latter. `query.folds_after` is about the latter.
[[nodiscard]] policy::Decision decide(const policy::Acl& acl, policy::Query query, std::string_view folded);
// What a verb needs of a policy.
[[nodiscard]] policy::Capabilities capability_of(schema::Verb verb, bool creating);
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
