#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/runtime.h"
#include "core/spaces.h"

// The end of tokens, with all that hangs on them: children, wrapped answers, cubbyholes.
namespace coffer::core {

// One step of revoking the tree of `id`, in the caller's transaction; true when it is gone. At most about 500 tokens a step.
[[nodiscard]] Result<bool> revoke_step(RequestSpaces& spaces, const MountTable& mounts, std::string_view id);
// The whole tree, in as many transactions as it takes. Not for an io thread.
[[nodiscard]] Result<void> revoke_tree(Runtime& runtime, std::string_view id);
// Begins the revocation of each and calls `done` once the first step of each is durable; what is left of large trees is left to expiry, which
// takes it up within a second. For io threads.
void revoke_in_background(Runtime& runtime, std::vector<std::string> ids, std::move_only_function<void()> done);
// What expiry does each second: revokes what is due. Returns how many tokens ended.
[[nodiscard]] Result<std::size_t> expire_due(Runtime& runtime, std::size_t limit);
// Bound CIDRs of a token against the caller's address; no blocks: any address.
[[nodiscard]] bool token_allows_address(const token::Record& record, std::string_view remote_address);

}  // namespace coffer::core
