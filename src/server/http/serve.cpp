#include "server/http/connection.h"

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

}  // namespace

Detached serve(std::unique_ptr<Connection> owned) {
  Connection& connection = *owned;
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
