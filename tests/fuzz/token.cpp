#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "token/store.h"

// Tokens as callers send them, and their records: no text opens that was not sealed here, a sealed record opens to itself, and what decodes
// encodes to a record that decodes to the same.
namespace {

namespace token = coffer::token;

const token::Keys& keys() {
  static const auto made = token::Keys::make(coffer::SecretBytes::copy_of(std::string(32, 'h')),
                                             coffer::SecretBytes::copy_of(std::string(32, 'b')), coffer::system_random());
  return *made;
}

void check_text(std::string_view input) {
  if (keys().id_of(input).size() != 64) std::abort();
  for (const std::string& text : {std::string(input), "hvb." + std::string(input), "hvb." + coffer::base64url_encode(input)}) {
    const auto opened = keys().open_batch(text);
    if (opened || (opened.error().code != coffer::Code::unauthenticated)) std::abort();
  }
}

void check_record(std::string_view input) {
  const auto first = token::decode(input);
  if (!first) return;
  const std::string record = token::encode(*first);
  const auto second = token::decode(record);
  if (!second || token::encode(*second) != record) std::abort();
  const auto sealed = keys().seal_batch(*first);
  if (!sealed) std::abort();
  const auto opened = keys().open_batch(sealed->reveal_text());
  if (!opened || token::encode(*opened) != record) std::abort();
  // One flipped bit anywhere behind the prefix, and it is nobody's token.
  std::string flipped(sealed->reveal_text());
  flipped[4 + input.size() % (flipped.size() - 4)] ^= 1;
  if (keys().open_batch(flipped)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_text(input);
  check_record(input);
  return 0;
}
