#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::crypto {

// A receiver's OpenPGP public key (RFC 4880), for shares and root tokens that only its holder may read. The library behind it (RNP) is
// loaded at first use. Safe from any thread.
class PgpKey {
 public:
  static constexpr std::size_t max_bytes = 64u << 10;

  // `base64`: a binary (not armored) public key, as `gpg --export KEY | base64` gives. Tries one encryption, so that a key that cannot
  // encrypt is refused here. Code::invalid_argument with what is wrong; Code::unavailable when the library is not installed.
  static Result<PgpKey> parse(std::string_view base64);
  // Of the primary key: 40 lower-case hexadecimal digits.
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }
  // A binary OpenPGP message that the key's holder can read. AES-256, integrity-protected.
  [[nodiscard]] Result<std::string> encrypt(std::string_view plain) const;

 private:
  PgpKey(std::string binary, std::string fingerprint) : binary_(std::move(binary)), fingerprint_(std::move(fingerprint)) {}
  std::string binary_;
  std::string fingerprint_;
};

}  // namespace coffer::crypto
