#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "crypto/claims.h"

// Tokens of which nobody has looked at the signature: an error, or claims each of which stands once, with times in their order.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using coffer::crypto::Claims;
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  const auto claims = Claims::unverified(token);
  if (!claims) return 0;
  const coffer::Time now{coffer::Seconds(1'800'000'000)};
  const auto end = claims->time("exp");
  const Claims::Span span = claims->at(now, coffer::Seconds(60));
  if (!end && span != Claims::Span::none) std::abort();
  if (end && (*end + coffer::Seconds(60) <= now) != (span == Claims::Span::after)) std::abort();
  const auto audiences = claims->texts("aud");
  const std::string_view one = claims->text("aud");
  if (!one.empty() && (audiences.size() != 1 || audiences.front() != one)) std::abort();
  return 0;
}
