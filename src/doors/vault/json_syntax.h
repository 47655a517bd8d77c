#pragma once
#include <string>
#include <string_view>

namespace coffer::doors::vault {

// What is wrong with a text that is no JSON, in the words of Go's decoder, which clients' suites know: "invalid character 'a' looking for
// beginning of value", "unexpected EOF". Empty where the grammar finds nothing wrong (another check refused the text). Values may follow
// one another, as in a stream. Linear in the text; shows one character of it.
[[nodiscard]] std::string json_syntax_error(std::string_view text);

}  // namespace coffer::doors::vault
