// The seal file and the keyring inside it: what parses comes back the same from its own text; nothing else does harm. The checksum would keep the
// fuzzer out, so that it also gets its input in with a right one.
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>

#include "barrier/keyring.h"
#include "barrier/seal_file.h"
#include "base/encoding.h"
#include "crypto/hash.h"

using namespace coffer;

namespace {

void parse(std::string_view text) {
  const auto file = barrier::parse_seal_file(text, "core/seal.json");
  if (!file) return;
  const std::string again = barrier::encode(*file);
  const auto twice = barrier::parse_seal_file(again, "core/seal.json");
  if (!twice || barrier::encode(*twice) != again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = as_text(std::as_bytes(std::span(data, size)));
  parse(input);
  parse(fmt::format("coffer-seal 1 {} {}\n{}", size, hex_encode(crypto::as_text(crypto::sha256(input))), input));
  if (const auto keyring = barrier::decode_keyring(input)) {
    const auto stored = barrier::encode(*keyring);
    const auto again = barrier::decode_keyring(stored.reveal_text());
    if (!again || !(barrier::encode(*again) == stored)) std::abort();
  }
  return 0;
}
