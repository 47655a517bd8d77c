#include "doors/aws/arn.h"

#include <algorithm>

namespace coffer::doors::aws {

std::optional<SecretArn> parse_secret_arn(std::string_view text) {
  if (!text.starts_with("arn:")) return std::nullopt;
  std::string_view parts[6];
  std::string_view left = text;
  for (std::string_view& part : parts) {
    const std::size_t colon = left.find(':');
    if (colon == left.npos) return SecretArn{};
    part = left.substr(0, colon);
    left.remove_prefix(colon + 1);
  }
  if (parts[2] != "secretsmanager" || parts[5] != "secret" || parts[1].empty() || left.empty()) return SecretArn{};
  return SecretArn{parts[1], parts[3], parts[4], left};
}

std::optional<SuffixedName> split_suffix(std::string_view rest) {
  if (rest.size() < 8 || rest[rest.size() - 7] != '-') return std::nullopt;
  const std::string_view six = rest.substr(rest.size() - 6);
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (!std::all_of(six.begin(), six.end(), fits)) return std::nullopt;
  return SuffixedName{rest.substr(0, rest.size() - 7), six};
}

}  // namespace coffer::doors::aws
