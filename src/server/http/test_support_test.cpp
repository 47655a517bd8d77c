#include "server/http/test_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace coffer::http::test {
namespace {

constexpr int patience_seconds = 20;

bool iequal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

int connect_to(const std::string& address, const std::string& from) {
  if (address.starts_with("unix:")) {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::snprintf(to.sun_path, sizeof to.sun_path, "%s", address.c_str() + 5);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return ::close(descriptor), -1;
    return descriptor;
  }
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  if (!from.empty()) {
    ::inet_pton(AF_INET, from.c_str(), &to.sin_addr);
    ::bind(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return ::close(descriptor), -1;
  return descriptor;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  char name[] = "/tmp/coffer-http-XXXXXX";
  folder_ = ::mkdtemp(name);
}
TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(folder_); }

std::string write_certificate(const std::string& certificate_file, const std::string& key_file, std::string_view name, KeyKind kind) {
  EVP_PKEY* key = kind == KeyKind::ecdsa ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048u);
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), static_cast<long>(std::hash<std::string_view>()(certificate_file) & 0x7fffffff));
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());
  FILE* out = std::fopen(certificate_file.c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  out = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string result(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return result;
}

TestHandler::~TestHandler() {
  release();
  for (std::thread& thread : threads_) thread.join();
}

void TestHandler::handle(const Request& request, Loop& loop, Responder respond) {
  ++handled;
  const std::string target(request.target);
  Response reply;
  reply.headers.emplace_back("Content-Type", "text/plain");
  if (target == "/dropped") return;
  if (target == "/held") {
    const std::lock_guard lock(mutex);
    held_.emplace_back(std::move(respond), std::string(request.body));
    changed_.notify_all();
    return;
  }
  if (target == "/late") {
    const std::lock_guard lock(mutex);
    threads_.emplace_back([respond = std::move(respond), reply = std::move(reply), body = request.body]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      reply.body = "late " + std::string(body);  // the request is still there
      respond(std::move(reply));
    });
    return;
  }
  if (target == "/body") reply.body = request.body;
  if (target == "/empty") reply.status = 204;
  if (target.starts_with("/bytes/")) reply.body.assign(std::stoul(target.substr(7)), 'b');
  if (target == "/bad-header") reply.headers.emplace_back("X-Bad", "a\r\nSet-Cookie: b");
  if (target.starts_with("/echo")) reply.body = std::string(request.method) + " " + target + " " + std::string(request.body);
  if (target == "/facts") {
    reply.body = std::string(request.tls ? "tls " : "plain ") + std::string(request.server_name) + " " + std::string(request.remote_address) + " " +
                 (request.remote_port ? "port" : "none") + " " + std::to_string(request.listener) + "\n" + std::string(request.client_certificate);
  }
  if (target == "/stream") {
    ++streaming;
    reply.stream = [this, n = 0](std::string& chunk) mutable {
      chunk = "piece" + std::to_string(n);
      if (++n < 3) return true;
      --streaming;
      return false;
    };
  }
  if (target == "/endless") {
    ++streaming;
    const std::shared_ptr<void> end(nullptr, [this](void*) { --streaming; });
    reply.stream = [end](std::string& chunk) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      chunk = "tick";
      return true;
    };
  }
  if (target == "/pass") {
    loop.at_end_of_pass([respond = std::move(respond), reply = std::move(reply)]() mutable {
      reply.body = "at end";
      respond(std::move(reply));
    });
    return;
  }
  respond(std::move(reply));
}

Response TestHandler::refuse(int status, std::string_view reason, const Request& partial, bool /*recorded*/) {
  ++refused;
  Response reply;
  reply.status = status;
  reply.headers.emplace_back("Content-Type", "application/json");
  reply.body = R"({"errors":[")" + std::string(reason) + "\"]}\n";
  const std::lock_guard lock(mutex);
  last_refusal = std::to_string(status) + " " + std::string(reason) + " " + std::string(partial.method) + " " + std::string(partial.target);
  return reply;
}

void TestHandler::release() {
  std::vector<std::pair<Responder, std::string>> held;
  {
    const std::lock_guard lock(mutex);
    held.swap(held_);
  }
  for (auto& [respond, body] : held) {
    Response reply;
    reply.body = "released " + body;
    respond(std::move(reply));
  }
}

void TestHandler::wait_for_held(std::size_t count) {
  std::unique_lock lock(mutex);
  changed_.wait_for(lock, std::chrono::seconds(patience_seconds), [&] { return held_.size() >= count; });
}

std::string Reply::header(std::string_view name) const {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at + 2);
    const std::string line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos && iequal(std::string_view(line).substr(0, colon), name)) return line.substr(colon + 2);
    at = end;
  }
  return {};
}

Client::Client(const std::string& address, const Options& options) {
  descriptor_ = connect_to(address, options.from);
  if (descriptor_ < 0) return;
  const timeval patience{patience_seconds, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  connected_ = true;
  if (!options.tls) return;
  context_ = SSL_CTX_new(TLS_client_method());
  if (options.min_version) SSL_CTX_set_min_proto_version(context_, options.min_version);
  if (options.max_version) SSL_CTX_set_max_proto_version(context_, options.max_version);
  SSL_CTX_set_security_level(context_, 0);
  if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context_, options.ciphers.c_str());
  if (!options.certificate_file.empty()) {
    SSL_CTX_use_certificate_file(context_, options.certificate_file.c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context_, options.key_file.c_str(), SSL_FILETYPE_PEM);
  }
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, descriptor_);
  if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_, options.server_name.c_str());
  if (!options.alpn.empty()) SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.alpn.data()), static_cast<unsigned>(options.alpn.size()));
  if (options.session) SSL_set_session(ssl_, options.session);
  connected_ = SSL_connect(ssl_) == 1;
  ERR_clear_error();
}

Client::~Client() {
  if (ssl_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else its session would not resume
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const long sent = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)))
                           : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t Client::read_some(char* into, std::size_t size) {
  const long got = ssl_ ? SSL_read(ssl_, into, static_cast<int>(size)) : ::recv(descriptor_, into, size, 0);
  ERR_clear_error();
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

Reply Client::receive(bool head_only) {
  Reply reply;
  char chunk[16384];
  std::size_t head_end;
  while ((head_end = buffered_.find("\r\n\r\n")) == std::string::npos) {
    const std::size_t got = read_some(chunk, sizeof chunk);
    if (got == 0) return reply;
    buffered_.append(chunk, got);
  }
  reply.head = buffered_.substr(0, head_end + 2);
  buffered_.erase(0, head_end + 4);
  reply.status = std::stoi(reply.head.substr(9, 3));
  if (head_only || reply.status < 200) return reply;
  if (reply.header("Transfer-Encoding") == "chunked") {
    while (buffered_.find("0\r\n\r\n") == std::string::npos) {
      const std::size_t got = read_some(chunk, sizeof chunk);
      if (got == 0) break;
      buffered_.append(chunk, got);
    }
    reply.body = std::exchange(buffered_, {});
    return reply;
  }
  const std::string length = reply.header("Content-Length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffered_.size() < size) {
    const std::size_t got = read_some(chunk, sizeof chunk);
    if (got == 0) break;
    buffered_.append(chunk, got);
  }
  reply.body = buffered_.substr(0, size);
  buffered_.erase(0, size);
  return reply;
}

std::string Client::read_to_end() {
  char chunk[16384];
  while (const std::size_t got = read_some(chunk, sizeof chunk)) buffered_.append(chunk, got);
  return std::exchange(buffered_, {});
}

bool Client::ended_within(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  char byte;
  while (std::chrono::steady_clock::now() < until) {
    pollfd waiting{descriptor_, POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (::poll(&waiting, 1, static_cast<int>(std::max<long>(left, 1))) == 1) {
      const ssize_t got = ssl_ ? SSL_read(ssl_, &byte, 1) : ::recv(descriptor_, &byte, 1, 0);
      ERR_clear_error();
      return got <= 0;
    }
  }
  return false;
}

ServerTest::ServerTest() {
  ::signal(SIGPIPE, SIG_IGN);  // the clients'; the server does not need it
  write_certificate(folder.path("cert.pem"), folder.path("key.pem"), "localhost");
  Listener listener;
  listener.address = "127.0.0.1:0";
  listener.tls_options.certificate_file = folder.path("cert.pem");
  listener.tls_options.key_file = folder.path("key.pem");
  options.listeners.push_back(listener);
  listener.tls = false;
  options.listeners.push_back(listener);
  options.io_threads = 2;
}

void ServerTest::start(const std::function<void(Options&)>& change) {
  if (change) change(options);
  auto started = Server::start(options, handler);
  ASSERT_TRUE(started) << started.error().message;
  server = std::move(*started);
}

}  // namespace coffer::http::test
