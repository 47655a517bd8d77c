#include <openssl/err.h>

#include <fstream>

#include "server/http/test_support.h"

namespace coffer::http::test {
namespace {

class Tls : public ServerTest {
 protected:
  Tls() { options.listeners.pop_back(); }
  TlsOptions& tls() { return options.listeners[0].tls_options; }
  std::string refusal() {
    auto started = Server::start(options, handler);
    return started ? "" : started.error().message;
  }
  static std::string peer_kind(Client& client) {
    X509* certificate = SSL_get1_peer_certificate(client.ssl());
    const std::string kind = EVP_PKEY_is_a(X509_get0_pubkey(certificate), "RSA") ? "rsa" : "ecdsa";
    X509_free(certificate);
    return kind;
  }
  static std::string peer_name(Client& client) {
    X509* certificate = SSL_get1_peer_certificate(client.ssl());
    if (!certificate) return "";
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
  }
};

TEST_F(Tls, ServesTwelveAndThirteenAndNothingOlder) {
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client client(address(), {.min_version = version, .max_version = version});
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(SSL_version(client.ssl()), version);
    EXPECT_EQ(client.get("/echo").status, 200);
  }
  EXPECT_FALSE(Client(address(), {.min_version = TLS1_VERSION, .max_version = TLS1_1_VERSION}).connected());
}

TEST_F(Tls, HoldsTheConfiguredVersions) {
  start([this](Options&) { tls().min_version = "tls13"; });
  EXPECT_FALSE(Client(address(), {.max_version = TLS1_2_VERSION}).connected());
  EXPECT_TRUE(Client(address()).connected());
  tls().min_version = "tls10";
  EXPECT_NE(refusal().find("\"tls10\" is not served"), std::string::npos);
  tls().min_version = "tls13", tls().max_version = "tls12";
  EXPECT_NE(refusal().find("above"), std::string::npos);
}

TEST_F(Tls, NegotiatesForwardSecrecyAndAuthenticatedEncryptionOnly) {
  write_certificate(folder.path("rsa.pem"), folder.path("rsa-key.pem"), "localhost", KeyKind::rsa);
  start([this](Options&) { tls().more_certificates.emplace_back(folder.path("rsa.pem"), folder.path("rsa-key.pem")); });
  for (const char* weak : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256"}) {
    EXPECT_FALSE(Client(address(), {.max_version = TLS1_2_VERSION, .ciphers = weak}).connected()) << weak;
  }
  EXPECT_TRUE(Client(address(), {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}).connected());
}

TEST_F(Tls, ServesTwoCertificates) {
  write_certificate(folder.path("rsa.pem"), folder.path("rsa-key.pem"), "localhost", KeyKind::rsa);
  start([this](Options&) { tls().more_certificates.emplace_back(folder.path("rsa.pem"), folder.path("rsa-key.pem")); });
  Client rsa(address(), {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"});
  Client ecdsa(address(), {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"});
  ASSERT_TRUE(rsa.connected());
  ASSERT_TRUE(ecdsa.connected());
  EXPECT_EQ(peer_kind(rsa), "rsa");
  EXPECT_EQ(peer_kind(ecdsa), "ecdsa");
}

TEST_F(Tls, TakesCipherSuitesByTheirStandardNamesAndRefusesWeakOnes) {
  tls().cipher_suites = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,TLS_AES_256_GCM_SHA384";
  start();
  EXPECT_FALSE(Client(address(), {.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}).connected());
  Client client(address());
  EXPECT_STREQ(SSL_get_cipher_name(client.ssl()), "TLS_AES_256_GCM_SHA384");
  tls().cipher_suites = "TLS_RSA_WITH_AES_128_GCM_SHA256";
  EXPECT_NE(refusal().find("refused"), std::string::npos);
  tls().cipher_suites = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
  EXPECT_NE(refusal().find("refused"), std::string::npos);
  tls().cipher_suites = "TLS_SOMETHING";
  EXPECT_NE(refusal().find("not known"), std::string::npos);
}

TEST_F(Tls, SaysWhatIsWrongWithFiles) {
  tls().certificate_file = folder.path("absent.pem");
  EXPECT_NE(refusal().find("absent.pem: No such file"), std::string::npos) << refusal();
  tls().certificate_file = folder.path("cert.pem");
  write_certificate(folder.path("other.pem"), folder.path("other-key.pem"), "other");
  tls().key_file = folder.path("other-key.pem");
  EXPECT_NE(refusal().find("other-key.pem"), std::string::npos) << refusal();
  EXPECT_TRUE(refusal().starts_with("listener 127.0.0.1:0: "));
}

TEST_F(Tls, HandsOverAClientCertificateWithoutJudgingIt) {
  start();
  const std::string der = write_certificate(folder.path("client.pem"), folder.path("client-key.pem"), "somebody");
  Client with(address(), {.certificate_file = folder.path("client.pem"), .key_file = folder.path("client-key.pem")});
  EXPECT_TRUE(with.get("/facts").body.ends_with("\n" + der));
  EXPECT_TRUE(Client(address()).get("/facts").body.ends_with(" 0\n"));
}

TEST_F(Tls, RequiresAndVerifiesWhenToldTo) {
  write_certificate(folder.path("client.pem"), folder.path("client-key.pem"), "known");
  write_certificate(folder.path("foreign.pem"), folder.path("foreign-key.pem"), "foreign");
  tls().require_and_verify_client_certificate = true;
  EXPECT_NE(refusal().find("needs tls_client_ca_file"), std::string::npos);
  start([this](Options&) { tls().client_ca_file = folder.path("client.pem"); });
  const auto status = [this](const Client::Options& o) { return Client(address(), o).get("/echo").status; };
  EXPECT_EQ(status({}), 0);
  EXPECT_EQ(status({.certificate_file = folder.path("foreign.pem"), .key_file = folder.path("foreign-key.pem")}), 0);
  Client good(address(), {.certificate_file = folder.path("client.pem"), .key_file = folder.path("client-key.pem")});
  EXPECT_EQ(good.get("/echo").status, 200);
  EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(good.ssl())), 0);  // each connection is judged anew
}

TEST_F(Tls, ResumesWithATicketAndKeepsTheCertificate) {
  start();
  const std::string der = write_certificate(folder.path("client.pem"), folder.path("client-key.pem"), "somebody");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Client first(address(), {.max_version = version, .certificate_file = folder.path("client.pem"), .key_file = folder.path("client-key.pem")});
    EXPECT_EQ(first.get("/echo").status, 200);
    SSL_SESSION* session = SSL_get1_session(first.ssl());
    EXPECT_EQ(SSL_SESSION_has_ticket(session), 1);
    Client second(address(), {.max_version = version, .session = session});
    EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
    EXPECT_TRUE(second.get("/facts").body.ends_with("\n" + der));
    SSL_SESSION_free(session);
  }
}

TEST_F(Tls, DoesNotResumeUnderAnotherSetOfAuthorities) {
  write_certificate(folder.path("ca.pem"), folder.path("ca-key.pem"), "authority");
  start([this](Options&) { tls().client_ca_file = folder.path("ca.pem"); });
  Client first(address());
  EXPECT_EQ(first.get("/echo").status, 200);
  SSL_SESSION* session = SSL_get1_session(first.ssl());
  EXPECT_EQ(SSL_session_reused(Client(address(), {.session = session}).ssl()), 1);
  ASSERT_TRUE(server->reload());
  EXPECT_EQ(SSL_session_reused(Client(address(), {.session = session}).ssl()), 1);  // nothing has changed
  write_certificate(folder.path("ca.pem"), folder.path("ca-key.pem"), "authority");  // same name, another key
  ASSERT_TRUE(server->reload());
  Client after(address(), {.session = session});
  EXPECT_TRUE(after.connected());
  EXPECT_EQ(SSL_session_reused(after.ssl()), 0);
  SSL_SESSION_free(session);
}

TEST_F(Tls, ReloadsCertificatesForNewConnections) {
  start();
  Client old(address());
  EXPECT_EQ(peer_name(old), "localhost");
  write_certificate(folder.path("cert.pem"), folder.path("key.pem"), "renewed");
  ASSERT_TRUE(server->reload());
  Client fresh(address());
  EXPECT_EQ(peer_name(fresh), "renewed");
  EXPECT_EQ(old.get("/echo").status, 200);
  std::ofstream(folder.path("cert.pem")) << "broken";
  const auto failed = server->reload();
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("cert.pem"), std::string::npos);
  Client still(address());
  EXPECT_EQ(peer_name(still), "renewed");
}

TEST_F(Tls, ReloadsUnderLoad) {
  start();
  std::atomic<bool> stop{false};
  std::atomic<int> failures{0}, served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        Client client(address());
        for (int i = 0; i < 3; ++i) ++(client.get("/late").status == 200 ? served : failures);
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(server->reload());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_GT(served, 0);
}

TEST_F(Tls, ChoosesAProtocolTheClientSpeaks) {
  start();
  const auto chosen = [this](std::string_view offered) -> std::string {
    Client client(address(), {.alpn = std::string(offered)});
    if (!client.connected()) return "refused";
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  };
  EXPECT_EQ(chosen("\x08http/1.1\x02h2"), "h2");
  EXPECT_EQ(chosen("\x08http/1.1"), "http/1.1");
  EXPECT_EQ(chosen(""), "");
  EXPECT_EQ(chosen("\x04imap"), "refused");
}

TEST_F(Tls, RefusesToRenegotiate) {
  start();
  Client client(address(), {.max_version = TLS1_2_VERSION});
  EXPECT_EQ(client.get("/echo").status, 200);
  SSL_renegotiate(client.ssl());
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
  ERR_clear_error();
}

TEST_F(Tls, GarbageEndsTheConnection) {
  start();
  Client client(address(), {.tls = false});
  client.send(std::string(100, '\x02'));
  EXPECT_TRUE(client.ended_within(std::chrono::seconds(5)) || client.ended_within(std::chrono::seconds(1)));
  EXPECT_EQ(Client(address()).get("/echo").status, 200);
}

}  // namespace
}  // namespace coffer::http::test
