#pragma once
#include <optional>
#include <string_view>

namespace coffer {

// Whether the whole of `text` fits `pattern`, in which `any_run` stands for any text, the empty one too, and `any_one` (where there is one) for any one byte.
// Costs at most the product of their lengths.
[[nodiscard]] bool glob(std::string_view pattern, std::string_view text, char any_run = '*', std::optional<char> any_one = {});

}  // namespace coffer
