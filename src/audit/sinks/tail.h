#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "audit/chain.h"

namespace coffer::audit {

// Refuses a regular file whose first line is not an audit record. An empty file passes, and so does one whose only line was torn while
// it was being written.
[[nodiscard]] Result<void> check_first_line(int fd);

// What the end of an audit file says.
struct Tail {
  std::optional<ChainHead> head;  // of the last record of this node's chain of this form
  std::uint64_t position = 0;     // highest commit position among the last records
  std::uint64_t torn_bytes = 0;   // after the last line end
};
[[nodiscard]] Result<Tail> read_tail(int fd, std::string_view node, Form form);

// The commit position that a record of ours acknowledges or, if it is a checkpoint, repeats; 0 when none.
[[nodiscard]] std::uint64_t acknowledged_position(std::string_view body);

}  // namespace coffer::audit
