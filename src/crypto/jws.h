#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

struct evp_pkey_st;  // OpenSSL's

namespace coffer::crypto {

struct FreePublicKey {
  void operator()(evp_pkey_st* key) const;
};

// Public keys that signed JSON Web Tokens are checked with (RFC 7515, compact form; RFC 7518: RS, PS and ES with 256, 384 and 512 bits; RFC 8037: EdDSA with
// Ed25519). RSA keys have 2048 to 8192 bits. Symmetric algorithms and `none` do not exist here. Constant after loading, so safe from any threads at once.
class VerificationKeys {
 public:
  // PEM public keys and certificates, and a JSON Web Key Set (RFC 7517; "" for none) of which keys for encryption and of unknown kinds are left out. An error
  // when there is no key in the end, or one that cannot be read. Whom a certificate names and who signed it does not matter.
  static Result<VerificationKeys> load(std::span<const std::string> pems, std::string_view jwks);
  // The payload of a token that one of the keys signed; keys of certificates are good within their times only. Where the token's header names a key (kid) or
  // a certificate (x5t, x5t#S256), that one must have signed. The error says what is wrong and holds nothing of the token.
  [[nodiscard]] Result<std::string> verify(std::string_view token, Time now) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string id, algorithm;  // "" where the set does not say
    std::unique_ptr<evp_pkey_st, FreePublicKey> key;
    std::string sha1, sha256;          // digests of its certificate, in base64url; "" where it came without one
    Time from{}, until = Time::max();  // of its certificate
  };
  static Result<Key> check(Key key);
  static Result<Key> from_pem(const std::string& pem);
  std::vector<Key> keys_;
};

}  // namespace coffer::crypto
