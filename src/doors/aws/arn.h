#pragma once
#include <optional>
#include <string_view>

namespace coffer::doors::aws {

// "arn:aws:secretsmanager:us-east-1:123456789012:secret:<rest>", also without the six characters at the end.
struct SecretArn {
  std::string_view partition, region, account, rest;
};
// Nothing when the text does not begin with "arn:". Parts of a malformed one are "".
[[nodiscard]] std::optional<SecretArn> parse_secret_arn(std::string_view text);

// "name-AbC123" is name and AbC123; nothing when the text has no such end.
struct SuffixedName {
  std::string_view name, suffix;
};
[[nodiscard]] std::optional<SuffixedName> split_suffix(std::string_view rest);

}  // namespace coffer::doors::aws
