#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/http/http.h"

struct ssl_ctx_st;
struct ssl_st;

namespace coffer::http {

// The keys that session tickets are sealed with: shared by all io threads, new every hour, good for two more. Safe from any thread.
class TicketKeys {
 public:
  static constexpr std::size_t name_size = 16, key_size = 32;
  struct Key {
    unsigned char name[name_size], cipher[key_size], mac[key_size];
    std::chrono::steady_clock::time_point made;
    Key();
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    ~Key();
  };
  TicketKeys();
  [[nodiscard]] Key current();  // makes a new one when it is time
  // The key of that name; `fresh` says whether it is the current one. False when it is gone.
  [[nodiscard]] bool find(const unsigned char* name, Key& key, bool& fresh);

 private:
  std::mutex mutex_;
  std::vector<Key> keys_;  // newest first
};

// One listener's TLS settings and certificates as read at one time. Immutable, so safe from any thread; a connection keeps the one that it
// began with.
class TlsContext {
 public:
  // `listener` names it in errors. `tickets` outlives the context.
  static Result<std::shared_ptr<const TlsContext>> load(const TlsOptions& options, std::string_view listener, TicketKeys& tickets);
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();
  [[nodiscard]] ssl_ctx_st* get() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

// What a handshake told us of the client.
struct PeerFacts {
  std::string server_name;         // SNI, or ""
  std::string client_certificate;  // DER, or ""
  bool http2 = false;              // chosen by ALPN
};
[[nodiscard]] PeerFacts peer_facts(ssl_st* ssl);

}  // namespace coffer::http
