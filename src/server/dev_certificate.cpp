#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <initializer_list>
#include <memory>
#include <utility>

#include "crypto/freed.h"
#include "server/dev.h"

namespace coffer::server {
namespace {

using crypto::Freed;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using FilePtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;

// Who signs. Without a certificate: the new one signs itself.
struct Issuer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  if (extension == nullptr) return false;
  const bool ok = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

using Extensions = std::initializer_list<std::pair<int, const char*>>;

// A certificate of `key` for thirty days. Null: OpenSSL failed.
CertificatePtr make_certificate(const char* subject, EVP_PKEY* key, Issuer issuer, Extensions extensions) {
  CertificatePtr certificate(X509_new());
  if (!certificate || key == nullptr) return nullptr;
  X509* const x = certificate.get();
  if (issuer.certificate == nullptr) issuer = {x, key};
  std::uint64_t serial = 0;
  system_random().fill(std::as_writable_bytes(std::span(&serial, 1)));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_set_version(x, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 30L * 86'400);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(issuer.certificate));
  for (const auto& [nid, value] : extensions)
    if (!add_extension(x, issuer.certificate, nid, value)) return nullptr;
  if (X509_sign(x, issuer.key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

bool write_file(const std::string& path, const auto& write) {
  const FilePtr file(BIO_new_file(path.c_str(), "w"));
  return file && write(file.get()) == 1;
}

}  // namespace

// An authority whose key is gone once it has signed, and the server's certificate: clients that go by the rules (rustls, Python's strict mode) refuse an
// authority's certificate as a server's, and one without key identifiers.
Result<void> make_dev_certificate(const std::string& folder) {
  const KeyPtr authority_key(EVP_EC_gen("P-256")), key(EVP_EC_gen("P-256"));
  const CertificatePtr authority = make_certificate("coffer dev authority", authority_key.get(), {},
                                                    {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                                     {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                                     {NID_subject_key_identifier, "hash"}});
  if (!authority) return fail(Code::internal, "the dev certificate could not be made");
  const CertificatePtr own = make_certificate("coffer dev server", key.get(), {authority.get(), authority_key.get()},
                                              {{NID_basic_constraints, "critical,CA:FALSE"},
                                               {NID_key_usage, "critical,digitalSignature"},
                                               {NID_ext_key_usage, "serverAuth"},
                                               {NID_subject_key_identifier, "hash"},
                                               {NID_authority_key_identifier, "keyid:always"},
                                               {NID_subject_alt_name, "DNS:localhost,DNS:*.vault.localhost,IP:127.0.0.1,IP:::1"}});
  if (!own) return fail(Code::internal, "the dev certificate could not be made");
  if (!write_file(folder + "/vault-ca.pem", [&](BIO* file) { return PEM_write_bio_X509(file, authority.get()); }) ||
      !write_file(folder + "/vault-cert.pem", [&](BIO* file) { return PEM_write_bio_X509(file, own.get()); }) ||
      !write_file(folder + "/vault-key.pem",
                  [&](BIO* file) { return PEM_write_bio_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); }))
    return fail(Code::unavailable, "the dev certificate could not be written");
  return {};
}

}  // namespace coffer::server
