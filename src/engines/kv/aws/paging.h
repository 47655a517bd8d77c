#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Where an answer in pages goes on. The texts are opaque to clients and hold no more than the caller has been shown: the place of the last entry. One that
// was made up reads another part of the same list.
namespace coffer::kv::aws {

[[nodiscard]] std::string version_token(std::uint64_t after);
[[nodiscard]] Result<std::uint64_t> read_version_token(std::string_view token);  // InvalidNextTokenException

// Of ListSecrets: the entry's path, and what it is sorted by; `order` must be the one that the next request asks for.
struct ListPlace {
  std::string order, path;
  std::int64_t key = 0;
};
[[nodiscard]] std::string list_token(const ListPlace& place);
[[nodiscard]] Result<ListPlace> read_list_token(std::string_view token);

}  // namespace coffer::kv::aws
