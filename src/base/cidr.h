#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer {

// Address blocks (RFC 4632, RFC 4291) as Vault's `bound_cidrs` hold them: "10.0.0.0/8", "::1/128", or a bare address, which is a block of one.
// An IPv4-mapped IPv6 address counts as its IPv4 address.

// Ok when `text` is such a block. Error text as Vault's: `error parsing address "x": Unable to convert ...`.
[[nodiscard]] Result<void> check_cidr(std::string_view text);
// Whether `address` lies in one of the blocks; malformed blocks or addresses match nothing.
[[nodiscard]] bool cidr_list_contains(const std::vector<std::string>& blocks, std::string_view address);
// Whether every address of `inner` lies in `outer`.
[[nodiscard]] bool cidr_subset(std::string_view inner, std::string_view outer);

}  // namespace coffer
