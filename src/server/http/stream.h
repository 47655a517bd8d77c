#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "server/http/tls.h"

namespace coffer::http {

enum class Io : std::uint8_t {
  done,           // some bytes passed
  blocked,        // the socket has nothing, or takes nothing, now
  blocked_other,  // TLS must write before it can read, or read before it can write
  closed,         // the peer has ended its side in order
  failed,         // broken connection or bad TLS
};
struct IoResult {
  Io io = Io::failed;
  std::size_t bytes = 0;
};

// A connected socket, with or without TLS over it. Never blocks. Owns the descriptor. Not thread-safe.
class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { close(); }

  [[nodiscard]] IoResult read(std::span<char> into);
  [[nodiscard]] IoResult write(std::string_view bytes);
  // Bytes straight from the socket, for what comes before TLS or is thrown away.
  [[nodiscard]] IoResult read_raw(std::span<char> into);
  [[nodiscard]] IoResult peek_raw(std::span<char> into);

  // From now on the bytes are TLS, with us as the server. False when out of memory.
  [[nodiscard]] bool begin_tls(const TlsContext& context);
  [[nodiscard]] Io handshake();
  [[nodiscard]] bool tls() const { return ssl_ != nullptr; }
  [[nodiscard]] PeerFacts peer() const { return peer_facts(ssl_.get()); }

  // Readiness is told by edges: `readable` stays set until a read has drained the socket.
  void note_readable(bool peer_ended) {
    readable_ = true;
    peer_ended_ = peer_ended_ || peer_ended;
  }
  // Whether a read may bring something without waiting for the next edge.
  [[nodiscard]] bool may_read() const { return readable_ || tls_pending_; }

  // Gives back the record buffers of TLS while nothing is in them; the next read or write makes new ones.
  void trim();
  // Says that no more will be sent: close_notify and FIN.
  void finish();
  void close();
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint64_t bytes_received() const { return received_; }

 private:
  friend struct SocketBio;
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  [[nodiscard]] Io tls_failure(int result, bool writing);
  int descriptor_;
  bool readable_ = true, peer_ended_ = false, tls_pending_ = false, tls_broken_ = false;
  std::uint64_t received_ = 0;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
};

}  // namespace coffer::http
