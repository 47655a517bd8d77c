#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "storage/view.h"

// Two indexes of a mount's objects: of what is deleted, by name, and of names by their lower case. Whatever writes objects keeps them; a mount whose objects are
// older than they are is gone through once, piece by piece.
namespace coffer::kv {

// Names of deleted objects below `folder` ("" or "team/"), in order, relative to it: up to `limit` after that name.
[[nodiscard]] Result<std::vector<std::string>> deleted_names(const Snapshot& view, std::string_view folder, std::string_view after,
                                                             std::size_t limit);

// Notes that there is nothing to go through: of a mount without objects.
[[nodiscard]] Result<void> begin_indexes(Transaction& view);
[[nodiscard]] Result<bool> has_unindexed(const Snapshot& view);
// Goes through the next thousand objects.
[[nodiscard]] Result<void> index_some(Transaction& view);

}  // namespace coffer::kv
