#pragma once
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/http/http.h"

// A small server, its certificates and a plain blocking client, for the tests of this folder.
namespace coffer::http::test {

// A folder that is gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  [[nodiscard]] std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }

 private:
  std::string folder_;
};

enum class KeyKind { ecdsa, rsa };
// Writes a self-signed certificate and its key; returns the certificate's DER.
std::string write_certificate(const std::string& certificate_file, const std::string& key_file, std::string_view name, KeyKind kind = KeyKind::ecdsa);

// Answers by target: /echo (method, target, body), /body, /bytes/N, /late (from another thread), /pass (at the end of the pass), /held (until
// `release`), /dropped, /empty (204), /stream, /facts, /bad-header.
class TestHandler final : public Handler {
 public:
  ~TestHandler() override;
  void handle(const Request& request, Loop& loop, Responder respond) override;
  Response refuse(int status, std::string_view reason, const Request& partial, bool recorded) override;
  void release();                       // answers all that is held
  void wait_for_held(std::size_t count);
  std::atomic<int> handled{0}, refused{0}, streaming{0};
  std::mutex mutex;
  std::string last_refusal;  // "status reason method target", under mutex

 private:
  std::condition_variable changed_;
  std::vector<std::pair<Responder, std::string>> held_;
  std::vector<std::thread> threads_;
};

struct Reply {
  int status = 0;
  std::string head, body;
  [[nodiscard]] std::string header(std::string_view name) const;
};

// One blocking connection; every read gives up after some seconds.
class Client {
 public:
  struct Options {
    bool tls = true;
    int min_version = 0, max_version = 0;
    std::string certificate_file{}, key_file{}, server_name{}, ciphers{}, alpn{};
    SSL_SESSION* session = nullptr;
    std::string from{};  // local address to bind to
  };
  explicit Client(const std::string& address) : Client(address, Options()) {}
  Client(const std::string& address, const Options& options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();
  [[nodiscard]] bool connected() const { return connected_; }
  bool send(std::string_view bytes);
  // One HTTP/1.1 reply; status 0 when the connection ended before it.
  Reply receive(bool head_only = false);
  Reply ask(std::string_view request) {
    send(request);
    return receive();
  }
  Reply get(const std::string& target) { return ask("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n"); }
  std::string read_to_end();
  // Whether the server ends the connection within that time, having sent nothing more.
  bool ended_within(std::chrono::milliseconds time);
  [[nodiscard]] SSL* ssl() { return ssl_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  std::size_t read_some(char* into, std::size_t size);  // 0 at the end or after the time-out

 private:
  int descriptor_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
  std::string buffered_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest();
  // Changes the options first if need be, then starts.
  void start(const std::function<void(Options&)>& change = {});
  [[nodiscard]] std::string address(std::size_t listener = 0) const { return server->addresses().at(listener); }
  TemporaryFolder folder;
  TestHandler handler;
  Options options;
  std::unique_ptr<Server> server;
};

}  // namespace coffer::http::test
