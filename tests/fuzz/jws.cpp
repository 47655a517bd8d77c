#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "crypto/jws.h"

// JSON Web Tokens and Key Sets: the first line is a token, the rest a key set. No token fits the keys of another owner.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  static const auto ours = coffer::crypto::VerificationKeys::load(
      {}, R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  if (!ours) std::abort();
  // RFC 8037's example token is signed with this key; the fuzzer cannot make another.
  const auto judged = ours->verify(text.substr(0, end), coffer::Time(coffer::Seconds(1'800'000'000)));
  if (judged && *judged != "Example of Ed25519 signing") std::abort();
  const auto theirs = coffer::crypto::VerificationKeys::load({}, text.substr(std::min(end + 1, text.size())));
  if (theirs) (void)theirs->verify(text.substr(0, end), coffer::Time(coffer::Seconds(1'800'000'000)));
  return 0;
}
