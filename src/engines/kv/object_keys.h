#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engines/kv/model.h"
#include "storage/view.h"

// Where the parts of an object lie (object_store.h has the table of keys): what the files of the object store share.
namespace coffer::kv {

// "o/<name>"; with a version's number; with a client's token.
[[nodiscard]] std::string name_key(char area, std::string_view name);
[[nodiscard]] std::string seq_key(char area, std::string_view name, std::uint64_t seq);
[[nodiscard]] std::string token_key(std::string_view name, std::string_view token);

// Puts bytes that are too long for a record under their own key.
[[nodiscard]] Result<void> set_apart(Transaction& view, std::string_view name, Version& version);

// The entry of a spelling; what follows the zero byte is the name itself.
[[nodiscard]] std::string spelling_key(std::string_view name);
// Lets an object be found in any spelling of its name, and takes that back. Names without upper case need no entry.
[[nodiscard]] Result<void> note_spelling(Transaction& view, std::string_view name);
[[nodiscard]] Result<void> forget_spelling(Transaction& view, std::string_view name);

}  // namespace coffer::kv
