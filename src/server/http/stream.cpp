#include "server/http/stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace coffer::http {
namespace {

constexpr bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

// OpenSSL's own socket BIO would raise SIGPIPE, and would not tell whether it drained the socket.
struct SocketBio {
  static int read(BIO* bio, char* into, int size) {
    auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const IoResult result = stream.read_raw({into, static_cast<std::size_t>(size)});
    if (result.io == Io::done) return static_cast<int>(result.bytes);
    if (result.io == Io::blocked) BIO_set_retry_read(bio);
    return result.io == Io::closed ? 0 : -1;
  }
  static int write(BIO* bio, const char* from, int size) {
    auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(stream.descriptor_, from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && (would_block(errno) || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return static_cast<Stream*>(BIO_get_data(bio))->peer_ended_ ? 1 : 0;
    return 0;
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "coffer socket");
      if (m) {
        BIO_meth_set_read(m, &SocketBio::read);
        BIO_meth_set_write(m, &SocketBio::write);
        BIO_meth_set_ctrl(m, &SocketBio::control);
      }
      return m;
    }();
    return made;
  }
};

void Stream::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

IoResult Stream::read_raw(std::span<char> into) {
  const ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
  if (got > 0) {
    received_ += static_cast<std::uint64_t>(got);
    // A short read has drained the socket: what comes later is a new edge. Not so when the peer's end has already been told.
    if (static_cast<std::size_t>(got) < into.size() && !peer_ended_) readable_ = false;
    return {Io::done, static_cast<std::size_t>(got)};
  }
  if (got == 0) {
    peer_ended_ = true;
    return {Io::closed, 0};
  }
  if (errno == EINTR) return {Io::blocked, 0};
  if (!would_block(errno)) return {Io::failed, 0};
  readable_ = false;
  return {Io::blocked, 0};
}

IoResult Stream::peek_raw(std::span<char> into) {
  const ssize_t got = ::recv(descriptor_, into.data(), into.size(), MSG_PEEK);
  if (got > 0) return {Io::done, static_cast<std::size_t>(got)};
  if (got == 0) return {Io::closed, 0};
  if (!would_block(errno)) return {Io::failed, 0};
  readable_ = false;
  return {Io::blocked, 0};
}

IoResult Stream::read(std::span<char> into) {
  if (!ssl_) return read_raw(into);
  forget_errors();
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
  if (result == 1) {
    tls_pending_ = SSL_has_pending(ssl_.get()) == 1;
    return {Io::done, got};
  }
  tls_pending_ = false;
  return {tls_failure(result, false), 0};
}

IoResult Stream::write(std::string_view bytes) {
  if (!ssl_) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {Io::done, static_cast<std::size_t>(sent)};
    return {would_block(errno) || errno == EINTR ? Io::blocked : Io::failed, 0};
  }
  forget_errors();
  std::size_t sent = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
  if (result == 1) return {Io::done, sent};
  return {tls_failure(result, true), 0};
}

bool Stream::begin_tls(const TlsContext& context) {
  std::unique_ptr<ssl_st, FreeSsl> ssl(SSL_new(context.get()));
  BIO_METHOD* const method = SocketBio::method();
  BIO* bio = ssl && method ? BIO_new(method) : nullptr;
  if (!bio) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_accept_state(ssl.get());
  ssl_ = std::move(ssl);
  return true;
}

Io Stream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    tls_pending_ = SSL_has_pending(ssl_.get()) == 1;
    return Io::done;
  }
  return tls_failure(result, false);
}

Io Stream::tls_failure(int result, bool writing) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return writing ? Io::blocked_other : Io::blocked;
    case SSL_ERROR_WANT_WRITE:
      return writing ? Io::blocked : Io::blocked_other;
    case SSL_ERROR_ZERO_RETURN:
      return Io::closed;
    default:
      tls_broken_ = true;
      forget_errors();
      return Io::failed;
  }
}

void Stream::trim() {
  if (ssl_) SSL_free_buffers(ssl_.get());
}

void Stream::finish() {
  if (descriptor_ < 0) return;
  if (ssl_ && !tls_broken_ && SSL_is_init_finished(ssl_.get())) {
    forget_errors();
    SSL_shutdown(ssl_.get());
    forget_errors();
  }
  ::shutdown(descriptor_, SHUT_WR);
}

void Stream::close() {
  if (descriptor_ < 0) return;
  ssl_.reset();
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace coffer::http
