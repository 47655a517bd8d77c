#include "server/http/tls.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "base/random.h"
#include "base/secret.h"

namespace coffer::http {
namespace {

constexpr std::chrono::hours ticket_key_age{1};
constexpr std::size_t ticket_keys_kept = 3;
constexpr std::string_view default_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// Why OpenSSL failed: what the system said if it did, else its own last word.
std::string openssl_reason() {
  std::string text = "unknown error";
  bool from_system = false;
  while (const unsigned long code = ERR_get_error()) {
    if (from_system) continue;
    from_system = ERR_SYSTEM_ERROR(code);
    const char* reason = from_system ? std::strerror(static_cast<int>(ERR_GET_REASON(code))) : ERR_reason_error_string(code);
    if (reason) text = reason;
  }
  return text;
}

std::unexpected<Error> bad(std::string_view listener, std::string text) {
  return invalid(fmt::format("listener {}: {}", listener, text));
}

// ---- callbacks of OpenSSL

int accept_any_certificate(X509_STORE_CTX*, void*) { return 1; }  // asked for, never required: cert auth judges it

int no_passphrase(char*, int, int, void*) { return 0; }  // an encrypted key is an error, not a question on a terminal

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered, unsigned length, void*) {
  static constexpr unsigned char served[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, served, sizeof served - 1, offered, length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2: also keeps other protocols' servers from being confused with this one
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int ticket_cipher(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  TicketKeys::Key key;
  bool fresh = true;
  if (sealing) {
    key = keys->current();
    std::memcpy(name, key.name, sizeof key.name);
    if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
  } else if (!keys->find(name, key, fresh)) {
    return 0;
  }
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher, iv, sealing) != 1) return -1;
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac, sizeof key.mac),
                         OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, params) != 1) return -1;
  return fresh ? 1 : 2;
}

// ---- settings

Result<int> version_number(std::string_view name, std::string_view listener) {
  if (name == "tls12") return TLS1_2_VERSION;
  if (name == "tls13") return TLS1_3_VERSION;
  return bad(listener, fmt::format("TLS version \"{}\" is not served; use tls12 or tls13", name));
}

// Go's and the IANA's name, OpenSSL's name; Go also leaves off _SHA256 after CHACHA20_POLY1305.
bool is_cipher(const SSL_CIPHER* cipher, std::string_view name) {
  const char* standard = SSL_CIPHER_standard_name(cipher);
  const std::string_view full = standard ? standard : "";
  return name == full || name == SSL_CIPHER_get_name(cipher) || (full.ends_with("POLY1305_SHA256") && name == full.substr(0, full.size() - 7));
}

Result<void> set_ciphers(SSL_CTX* context, std::string_view names, std::string_view listener) {
  if (SSL_CTX_set_cipher_list(context, "ALL") != 1) return bad(listener, openssl_reason());
  std::string tls12, tls13;
  STACK_OF(SSL_CIPHER)* known = SSL_CTX_get_ciphers(context);
  while (!names.empty()) {
    const std::size_t end = names.find_first_of(",:");
    std::string_view name = names.substr(0, end);
    names = end == std::string_view::npos ? std::string_view() : names.substr(end + 1);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.empty()) continue;
    const SSL_CIPHER* found = nullptr;
    for (int i = 0; i < sk_SSL_CIPHER_num(known) && !found; ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(known, i);
      if (is_cipher(cipher, name)) found = cipher;
    }
    if (!found) return bad(listener, fmt::format("cipher suite \"{}\" is not known", name));
    const int exchange = SSL_CIPHER_get_kx_nid(found);
    if (!SSL_CIPHER_is_aead(found) || (exchange != NID_kx_ecdhe && exchange != NID_kx_any) || SSL_CIPHER_get_auth_nid(found) == NID_auth_null) {
      return bad(listener, fmt::format("cipher suite \"{}\" is refused: only suites with forward secrecy and authenticated encryption are served "
                                       "(ECDHE with AES-GCM or ChaCha20-Poly1305)", name));
    }
    std::string& list = exchange == NID_kx_any ? tls13 : tls12;
    if (!list.empty()) list += ':';
    list += SSL_CIPHER_get_name(found);
  }
  if (tls12.empty()) tls12 = default_ciphers;
  if (SSL_CTX_set_cipher_list(context, tls12.c_str()) != 1) return bad(listener, openssl_reason());
  if (!tls13.empty() && SSL_CTX_set_ciphersuites(context, tls13.c_str()) != 1) return bad(listener, openssl_reason());
  return {};
}

Result<void> set_certificate(SSL_CTX* context, const std::string& certificate, const std::string& key, std::string_view listener) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return bad(listener, fmt::format("cannot load the certificate {}: {}; tls_cert_file must be a readable PEM file, server certificate first", certificate, openssl_reason()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad(listener, fmt::format("cannot load the private key {}: {}; tls_key_file must be a readable PEM file without passphrase that fits {}", key, openssl_reason(), certificate));
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return bad(listener, fmt::format("the private key {} does not fit the certificate {}: {}", key, certificate, openssl_reason()));
  }
  return {};
}

Result<void> set_client_certificates(SSL_CTX* context, const TlsOptions& options, std::string_view listener) {
  if (!options.client_ca_file.empty()) {
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.client_ca_file.c_str());
    if (!names || SSL_CTX_load_verify_file(context, options.client_ca_file.c_str()) != 1) {
      sk_X509_NAME_pop_free(names, X509_NAME_free);
      return bad(listener, fmt::format("cannot load the client CA file {}: {}; tls_client_ca_file must be a readable PEM file", options.client_ca_file, openssl_reason()));
    }
    SSL_CTX_set_client_CA_list(context, names);
  }
  if (options.require_and_verify_client_certificate) {
    if (options.client_ca_file.empty()) return bad(listener, "tls_require_and_verify_client_cert needs tls_client_ca_file");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  } else if (options.request_client_certificate) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);
  }
  return {};
}

// Sessions begun under other rules about client certificates do not resume (security.md B06); where certificates are verified none do, so
// that each connection is judged by the present CA set.
Result<void> set_resumption(SSL_CTX* context, const TlsOptions& options, std::string_view listener, TicketKeys& tickets) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, std::chrono::seconds(ticket_key_age * 2).count());
  if (options.require_and_verify_client_certificate) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  } else {
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_app_data(context, &tickets);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_cipher);
  }
  std::string rules = fmt::format("{}\n{}\n{}\n{}\n", listener, options.request_client_certificate, options.require_and_verify_client_certificate, options.min_version);
  std::ifstream authorities(options.client_ca_file, std::ios::binary);
  rules.append(std::istreambuf_iterator<char>(authorities), {});
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_size = 0;
  if (EVP_Digest(rules.data(), rules.size(), digest, &digest_size, EVP_sha256(), nullptr) != 1 ||
      SSL_CTX_set_session_id_context(context, digest, SSL_MAX_SID_CTX_LENGTH) != 1) {
    return bad(listener, openssl_reason());
  }
  return {};
}

void set_groups(SSL_CTX* context) {
  // The hybrid group exists from OpenSSL 3.5 on.
  if (SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519:P-256:P-384") != 1) {
    SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  }
  ERR_clear_error();
}

}  // namespace

TicketKeys::Key::Key() : name{}, cipher{}, mac{}, made{} {}
TicketKeys::Key::~Key() {
  wipe(cipher, sizeof cipher);
  wipe(mac, sizeof mac);
}

TicketKeys::TicketKeys() { keys_.reserve(ticket_keys_kept + 1); }

TicketKeys::Key TicketKeys::current() {
  const auto now = system_clock().steady();
  const std::lock_guard lock(mutex_);
  if (keys_.empty() || now - keys_.front().made > ticket_key_age) {
    Key key;
    key.made = now;
    system_random().fill(std::as_writable_bytes(std::span(key.name)));
    system_random().fill(std::as_writable_bytes(std::span(key.cipher)));
    system_random().fill(std::as_writable_bytes(std::span(key.mac)));
    keys_.insert(keys_.begin(), key);
    if (keys_.size() > ticket_keys_kept) keys_.pop_back();
  }
  return keys_.front();
}

bool TicketKeys::find(const unsigned char* name, Key& key, bool& fresh) {
  const auto now = system_clock().steady();
  const std::lock_guard lock(mutex_);
  for (const Key& known : keys_) {
    if (std::memcmp(known.name, name, name_size) != 0) continue;
    if (now - known.made > ticket_key_age * 3) return false;
    key = known;
    fresh = &known == &keys_.front();
    return true;
  }
  return false;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsOptions& options, std::string_view listener, TicketKeys& tickets) {
  ERR_clear_error();
  SSL_CTX* raw = SSL_CTX_new(TLS_server_method());
  if (!raw) return bad(listener, openssl_reason());
  auto context = std::make_shared<const TlsContext>(raw);
  const int min = TRY(version_number(options.min_version, listener));
  const int max = TRY(version_number(options.max_version, listener));
  if (min > max) return bad(listener, "tls_min_version is above tls_max_version");
  SSL_CTX_set_min_proto_version(raw, min);
  SSL_CTX_set_max_proto_version(raw, max);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(raw, 1);
  SSL_CTX_set_default_passwd_cb(raw, no_passphrase);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  set_groups(raw);
  CHECK_OK(set_ciphers(raw, options.cipher_suites, listener));
  CHECK_OK(set_certificate(raw, options.certificate_file, options.key_file, listener));
  for (const auto& [certificate, key] : options.more_certificates) CHECK_OK(set_certificate(raw, certificate, key, listener));
  CHECK_OK(set_client_certificates(raw, options, listener));
  CHECK_OK(set_resumption(raw, options, listener, tickets));
  ERR_clear_error();
  return context;
}

PeerFacts peer_facts(ssl_st* ssl) {
  PeerFacts facts;
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) facts.server_name = name;
  if (X509* certificate = SSL_get0_peer_certificate(ssl)) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    if (size > 0) facts.client_certificate.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  facts.http2 = length == 2 && std::memcmp(protocol, "h2", 2) == 0;
  return facts;
}

}  // namespace coffer::http
