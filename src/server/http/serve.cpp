#include "base/cidr.h"
#include "server/http/connection.h"
#include "server/http/proxy_header.h"

namespace coffer::http {
namespace {

enum class Opening : std::uint8_t { unknown, tls, plain, gone };

// A TLS record of a handshake begins with 22; a method begins with a letter.
Opening look_at_opening(Stream& stream) {
  char first = 0;
  const IoResult result = stream.peek_raw({&first, 1});
  if (result.io == Io::blocked) return Opening::unknown;
  if (result.io != Io::done) return Opening::gone;
  return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z') ? Opening::plain : Opening::tls;
}

bool is_proxy(const Connection& connection) {
  const Listener& listener = connection.listener();
  return listener.proxy_headers == Listener::ProxyHeaders::anyone || cidr_list_contains(listener.proxies, connection.peer.text);
}

// What has come of a PROXY header. Only bytes of the header leave the socket: what follows may be TLS, which reads from there itself.
Opening read_proxy_header(Connection& connection, ProxyHeader& header) {
  char seen[256];
  while (header.state() == ProxyHeader::State::more) {
    const IoResult result = connection.stream.peek_raw(seen);
    if (result.io == Io::blocked) return Opening::unknown;
    if (result.io != Io::done) return Opening::gone;
    const std::size_t used = header.feed({seen, result.bytes});
    if (used > 0 && connection.stream.read_raw({seen, used}).bytes != used) return Opening::gone;
  }
  if (header.state() == ProxyHeader::State::malformed) return Opening::gone;
  // What was taken before it showed that it is no header goes to HTTP; TLS never begins like that.
  if (header.state() == ProxyHeader::State::none && !header.taken().empty()) {
    if (connection.listener().tls) return Opening::gone;
    connection.in.append(header.taken());
  }
  return Opening::plain;
}

}  // namespace

Detached serve(std::unique_ptr<Connection> owned) {
  Connection& connection = *owned;
  if (connection.listener().proxy_headers != Listener::ProxyHeaders::off) {
    const bool trusted = is_proxy(connection);
    if (!trusted && connection.listener().proxy_headers == Listener::ProxyHeaders::only_listed) co_return;
    connection.deadline(connection.limits().handshake_timeout);
    ProxyHeader header;
    Opening opening = Opening::unknown;
    while ((opening = read_proxy_header(connection, header)) == Opening::unknown) {
      if (co_await connection.until(Connection::readable) != Connection::Wake::ready) co_return;
    }
    if (opening == Opening::gone) co_return;
    if (trusted && header.source() && !connection.identify(*header.source())) co_return;
  }
  if (connection.listener().tls) {
    connection.deadline(connection.limits().handshake_timeout);
    Opening opening = Opening::unknown;
    while ((opening = look_at_opening(connection.stream)) == Opening::unknown) {
      if (co_await connection.until(Connection::readable) != Connection::Wake::ready) co_return;
    }
    if (opening == Opening::gone) co_return;
    connection.misdirected = opening == Opening::plain;
    if (opening == Opening::tls) {
      connection.tls = connection.io.server.tls_context(connection.listener_index);
      if (!connection.stream.begin_tls(*connection.tls)) co_return;
      Io io = Io::blocked;
      while ((io = connection.stream.handshake()) != Io::done) {
        if (io == Io::failed || io == Io::closed) co_return;
        if (io == Io::blocked_other) connection.note_write_blocked();
        const unsigned what = io == Io::blocked ? Connection::readable : Connection::writable;
        if (co_await connection.until(what) != Connection::Wake::ready) co_return;
      }
      connection.facts = connection.stream.peer();
    }
  }
  if (connection.facts.http2) {
    serve_http2(std::move(owned));
  } else {
    serve_http1(std::move(owned));
  }
}

}  // namespace coffer::http
