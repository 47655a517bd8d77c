#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "crypto/freed.h"
#include "server/dev.h"

namespace coffer::server {
namespace {

using crypto::Freed;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using FilePtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;

bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool ok = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

}  // namespace

Result<void> make_dev_certificate(const std::string& folder) {
  const auto failed = [] { return fail(Code::internal, "the dev certificate could not be made"); };
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate(X509_new());
  if (!key || !certificate) return failed();
  X509* const x = certificate.get();
  std::uint64_t serial = 0;
  system_random().fill(std::as_writable_bytes(std::span(&serial, 1)));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_set_version(x, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 30L * 86'400);
  X509_set_pubkey(x, key.get());
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("coffer dev server"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  if (!add_extension(x, NID_basic_constraints, "critical,CA:TRUE") || !add_extension(x, NID_subject_alt_name, "DNS:localhost,DNS:*.vault.localhost,IP:127.0.0.1,IP:::1") ||
      !add_extension(x, NID_ext_key_usage, "serverAuth") || X509_sign(x, key.get(), EVP_sha256()) == 0)
    return failed();
  const FilePtr certificate_file(BIO_new_file((folder + "/vault-ca.pem").c_str(), "w")), own(BIO_new_file((folder + "/vault-cert.pem").c_str(), "w"));
  const FilePtr key_file(BIO_new_file((folder + "/vault-key.pem").c_str(), "w"));
  if (!certificate_file || !own || !key_file || PEM_write_bio_X509(certificate_file.get(), x) != 1 || PEM_write_bio_X509(own.get(), x) != 1 ||
      PEM_write_bio_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return fail(Code::unavailable, "the dev certificate could not be written");
  return {};
}

}  // namespace coffer::server
