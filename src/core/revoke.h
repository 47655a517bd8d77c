#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime.h"
#include "core/spaces.h"

// The end of tokens, with all that hangs on them: children, wrapped answers, cubbyholes.
namespace coffer::core {

// One step of revoking the tree of `id`, in the caller's transaction, of about `limit` tokens; true when it is gone.
[[nodiscard]] Result<bool> revoke_step(RequestSpaces& spaces, const MountTable& mounts, std::string_view id, std::size_t limit = 500);
// The whole tree, in as many transactions as it takes. Not for an io thread.
[[nodiscard]] Result<void> revoke_tree(Runtime& runtime, std::string_view id);
// Its beginning: the token is dead when this returns; what is left of a large tree is left to expiry.
[[nodiscard]] Result<void> revoke_begin(Runtime& runtime, std::string_view id);
// The revocation of all tokens whose leases lie below a prefix and that exist by now, written down: whoever does the next step, it ends, also
// after a crash. The prefix has no slash at its end.
[[nodiscard]] Result<void> begin_prefix_revocation(RequestSpaces& spaces, std::string_view prefix, Time now);
[[nodiscard]] Result<void> begin_prefix_revocation(Runtime& runtime, std::string_view prefix);
// A part of it, some hundred tokens; true when it is done. Not for an io thread.
[[nodiscard]] Result<bool> prefix_revocation_step(Runtime& runtime, std::string_view prefix);
// One step of each revocation that was written down; true when none is left. For background work.
[[nodiscard]] Result<bool> revoke_pending(Runtime& runtime);
// Begins the revocation of each and calls `done` once the first step of each is durable; what is left of large trees is left to expiry, which
// takes it up within a second. For io threads.
void revoke_in_background(Runtime& runtime, std::vector<std::string> ids, std::move_only_function<void()> done);
// What expiry does each second: revokes what is due. Returns how many tokens ended.
[[nodiscard]] Result<std::size_t> expire_due(Runtime& runtime, std::size_t limit);
// The address that a caller comes from, as bound CIDRs take it: a Unix socket has none, its peer is on this machine.
[[nodiscard]] std::string own_address(std::string_view remote_address);
// Bound CIDRs of a token against the caller's address; no blocks: any address.
[[nodiscard]] bool token_allows_address(const token::Record& record, std::string_view remote_address);

}  // namespace coffer::core
