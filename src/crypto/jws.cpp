#include "crypto/jws.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <optional>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/claims.h"
#include "crypto/freed.h"

namespace coffer::crypto {
namespace {

using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using PublicKey = std::unique_ptr<EVP_PKEY, FreePublicKey>;

constexpr json::Limits header_limits{.depth = 4, .values = 100, .members = 50, .string_bytes = 4096};
constexpr json::Limits set_limits{.depth = 8, .values = 5000, .members = 100, .string_bytes = 64 << 10};
constexpr std::string_view certificate_begins = "-----BEGIN CERTIFICATE-----";
constexpr std::size_t longest_token = 64 << 10, most_keys = 100;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

enum class Kind : std::uint8_t { rsa, rsa_pss, ec, ed25519 };
struct Algorithm {
  std::string_view name;
  Kind kind;
  std::string_view digest, curve;
  std::size_t coordinate = 0;  // bytes of r and of s
};
constexpr Algorithm algorithms[] = {
    {"RS256", Kind::rsa, "SHA256", "", 0},           {"RS384", Kind::rsa, "SHA384", "", 0},
    {"RS512", Kind::rsa, "SHA512", "", 0},           {"PS256", Kind::rsa_pss, "SHA256", "", 0},
    {"PS384", Kind::rsa_pss, "SHA384", "", 0},       {"PS512", Kind::rsa_pss, "SHA512", "", 0},
    {"ES256", Kind::ec, "SHA256", "prime256v1", 32}, {"ES384", Kind::ec, "SHA384", "secp384r1", 48},
    {"ES512", Kind::ec, "SHA512", "secp521r1", 66},  {"EdDSA", Kind::ed25519, "", "", 0},
};
const Algorithm* algorithm_of(std::string_view name) {
  for (const Algorithm& a : algorithms)
    if (a.name == name) return &a;
  return nullptr;
}

std::string curve_of(EVP_PKEY* key) {
  char name[64] = {};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof name, &length) != 1) return {};
  return {name, length};
}

bool fits(const Algorithm& a, EVP_PKEY* key) {
  switch (a.kind) {
    case Kind::rsa:
    case Kind::rsa_pss: return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    case Kind::ec: return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && curve_of(key) == a.curve;
    case Kind::ed25519: return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
  }
  return false;
}

// r ‖ s as OpenSSL wants it; "" when it is none.
std::string der_signature(std::string_view raw, std::size_t coordinate) {
  if (raw.size() != 2 * coordinate) return {};
  ECDSA_SIG* signature = ECDSA_SIG_new();
  BIGNUM* r = BN_bin2bn(bytes(raw), static_cast<int>(coordinate), nullptr);
  BIGNUM* s = BN_bin2bn(bytes(raw.substr(coordinate)), static_cast<int>(coordinate), nullptr);
  ECDSA_SIG_set0(signature, r, s);
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature, &der);
  std::string out;
  if (length > 0) out.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return out;
}

bool signed_by(const Algorithm& a, EVP_PKEY* key, std::string_view input, std::string signature) {
  if (a.kind == Kind::ec) signature = der_signature(signature, a.coordinate);
  if (signature.empty()) return false;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  const EVP_MD* digest = a.digest.empty() ? nullptr : EVP_get_digestbyname(std::string(a.digest).c_str());
  if (EVP_DigestVerifyInit(context.get(), &parameters, digest, nullptr, key) != 1) return false;
  if (a.kind == Kind::rsa_pss && (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
                                  EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1))
    return false;
  return EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(input), input.size()) == 1;
}

std::string member(json::Value object, std::string_view name) {
  const auto value = object.find(name);
  return value && value->is_string() ? std::string(value->text()) : std::string();
}
// A member in base64url, without padding; "" when there is none.
std::string decoded(json::Value object, std::string_view name) {
  const auto value = base64url_decode(member(object, name));
  return value ? *value : std::string();
}

// A digest of a certificate in base64url; some clients pad it, others send it in the other alphabet.
std::string digest_of(json::Value header, std::string_view name) {
  std::string out = member(header, name);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

// Where a key says what it is for, checking signatures must be among that.
bool for_verification(json::Value jwk) {
  const auto operations = jwk.find("key_ops");
  if (!operations) return true;
  for (const json::Value& operation : operations->elements())
    if (operation.text() == "verify") return true;
  return false;
}

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  constexpr auto latest = std::chrono::floor<Seconds>(Time::max()).time_since_epoch();
  return Time(std::clamp(Seconds(::timegm(&parts)), Seconds(0), latest));
}

std::string thumbprint(const X509* certificate, const EVP_MD* digest) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (X509_digest(certificate, digest, bytes, &length) != 1) return {};
  return base64url_encode({reinterpret_cast<const char*>(bytes), length});
}

PublicKey built(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return PublicKey(key);
}

PublicKey rsa_key(json::Value jwk) {
  const std::string n = decoded(jwk, "n"), e = decoded(jwk, "e");
  if (n.empty() || e.empty() || n.size() > 1024 || e.size() > 8) return nullptr;
  const Number modulus(BN_bin2bn(bytes(n), static_cast<int>(n.size()), nullptr)),
      exponent(BN_bin2bn(bytes(e), static_cast<int>(e.size()), nullptr));
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return built("RSA", builder.get());
}

PublicKey ec_key(json::Value jwk) {
  const std::string curve = member(jwk, "crv"), x = decoded(jwk, "x"), y = decoded(jwk, "y");
  const Algorithm* const a = algorithm_of(curve == "P-256" ? "ES256" : curve == "P-384" ? "ES384" : curve == "P-521" ? "ES512" : "");
  if (a == nullptr || x.size() != a->coordinate || y.size() != a->coordinate) return nullptr;
  const std::string point = "\x04" + x + y, group(a->curve);
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size());
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  return built("EC", builder.get());
}

PublicKey octet_key(json::Value jwk) {
  const std::string x = decoded(jwk, "x");
  if (member(jwk, "crv") != "Ed25519" || x.size() != 32) return nullptr;
  return PublicKey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(x), x.size()));
}

}  // namespace

void FreePublicKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<VerificationKeys::Key> VerificationKeys::check(Key key) {
  const int bits = EVP_PKEY_get_bits(key.key.get());
  if (EVP_PKEY_get_base_id(key.key.get()) == EVP_PKEY_RSA && (bits < 2048 || bits > 8192))
    return invalid("an RSA key must have 2048 to 8192 bits");
  if (std::none_of(std::begin(algorithms), std::end(algorithms), [&](const Algorithm& a) { return fits(a, key.key.get()); }))
    return invalid("a key is of no kind that signs tokens: RSA, EC (P-256, P-384, P-521) and Ed25519 do");
  return key;
}

Result<VerificationKeys::Key> VerificationKeys::from_pem(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), 64 << 10))));
  if (pem.find(certificate_begins) == pem.npos) {
    PublicKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key) return invalid("a public key is not PEM that begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----");
    return check({"", "", std::move(key), {}, {}});
  }
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  PublicKey key(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
  const auto from = certificate ? time_of(X509_get0_notBefore(certificate.get())) : std::nullopt;
  const auto until = certificate ? time_of(X509_get0_notAfter(certificate.get())) : std::nullopt;
  if (!key || !from || !until) return invalid("a certificate cannot be read");
  return check(
      {"", "", std::move(key), thumbprint(certificate.get(), EVP_sha1()), thumbprint(certificate.get(), EVP_sha256()), *from, *until});
}

Result<VerificationKeys> VerificationKeys::load(std::span<const std::string> pems, std::string_view jwks) {
  VerificationKeys out;
  for (const std::string& pem : pems) out.keys_.push_back(TRY(from_pem(pem)));
  if (!jwks.empty()) {
    const json::Document document = TRY(json::Document::parse(jwks, set_limits));
    const auto set = document.root().find("keys");
    if (!set || !set->is_array()) return invalid("a JSON Web Key Set is an object with the member keys, a list");
    for (const json::Value jwk : set->elements()) {
      const std::string type = member(jwk, "kty"), use = member(jwk, "use");
      if ((!use.empty() && use != "sig") || !for_verification(jwk) || (type != "RSA" && type != "EC" && type != "OKP")) continue;
      PublicKey key = type == "RSA" ? rsa_key(jwk) : type == "EC" ? ec_key(jwk) : octet_key(jwk);
      if (!key) return invalid("a key of the JSON Web Key Set cannot be read");
      out.keys_.push_back(TRY(check({member(jwk, "kid"), member(jwk, "alg"), std::move(key), {}, {}})));
    }
  }
  if (out.keys_.empty()) return invalid("there is no key that signs tokens");
  if (out.keys_.size() > most_keys) return invalid("there are more than 100 keys");
  return out;
}

Result<std::string> VerificationKeys::verify(std::string_view token, Time now) const {
  if (token.size() > longest_token) return invalid("it is longer than 64 KiB");
  const std::size_t first = token.find('.'), second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return invalid("it has not three parts with '.' between them");
  const auto header_text = base64url_decode(token.substr(0, first));
  auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!header_text || !payload || !signature) return invalid("a part of it is not base64url");
  const auto header = json::Document::parse(*header_text, header_limits);
  if (!header || !header->root().is_object()) return invalid("its header is no JSON object");
  if (has_twice(header->root())) return invalid("its header has a name twice");
  // What must be understood is not.
  if (header->root().find("crit")) return invalid("its header has critical extensions");
  const Algorithm* const algorithm = algorithm_of(member(header->root(), "alg"));
  if (algorithm == nullptr) return invalid("its algorithm is none of RS, PS and ES with 256, 384 or 512 bits, and EdDSA");
  const std::string id = member(header->root(), "kid"), sha1 = digest_of(header->root(), "x5t"),
                    sha256 = digest_of(header->root(), "x5t#S256");
  const auto named_otherwise = [](const std::string& named, const std::string& own) {
    return !named.empty() && !own.empty() && named != own;
  };
  for (const Key& key : keys_) {
    if (named_otherwise(id, key.id) || named_otherwise(sha1, key.sha1) || named_otherwise(sha256, key.sha256)) continue;
    if (now < key.from || now >= key.until) continue;
    if (!key.algorithm.empty() && key.algorithm != algorithm->name) continue;
    if (fits(*algorithm, key.key.get()) && signed_by(*algorithm, key.key.get(), token.substr(0, second), *signature))
      return *std::move(payload);
  }
  return invalid("no known key has signed it");
}

}  // namespace coffer::crypto
