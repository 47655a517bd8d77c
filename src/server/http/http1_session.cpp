#include "server/http/http1_session.h"

#include <fmt/format.h>

#include "base/secret.h"

namespace coffer::http {
namespace {

constexpr std::size_t reply_record = 16 << 10;  // what one TLS record holds: replies up to here leave in one write
constexpr std::size_t least_room = 1024;
constexpr std::size_t eager_body = 64 << 10;    // room for a body is made ahead up to here, then as it arrives
constexpr Seconds linger{5};
constexpr Seconds last_chance{1};               // for the first request of a connection that a drain finds fresh

}  // namespace

Http1Session::Http1Session(Connection& connection) : Exchange(connection.io.reactor), connection_(connection), reader_(connection.limits()) {
  connection.describe(request_);
}

bool Http1Session::needs_input() {
  if (ended_ || refused_) return false;
  const RequestReader::State state = reader_.advance(connection_.in, request_);
  if (reader_.head_complete() && connection_.misdirected) {
    refuse(400, "Client sent an HTTP request to an HTTPS server.");
    return false;
  }
  if (state == RequestReader::State::refused) {
    refuse(reader_.refusal().status, reader_.refusal().reason);
    return false;
  }
  if (state == RequestReader::State::complete) return false;
  if (!make_room()) {
    refuse(503, "the server holds too many request bodies; try again soon");
    return false;
  }
  if (reader_.head_complete() && reader_.wants_continue() && !continued_) {
    continued_ = true;
    if (connection_.in.size() < reader_.expected_size()) connection_.out.append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  return true;
}

bool Http1Session::make_room() {
  Buffer& in = connection_.in;
  if (in.capacity() == 0) return in.reserve(Buffer::small);
  const std::size_t free = in.room().size();
  if (!reader_.head_complete()) return free >= least_room || in.reserve(2 * in.capacity());
  const std::size_t missing = reader_.expected_size() > in.size() ? reader_.expected_size() - in.size() : least_room;
  if (free >= missing || free >= eager_body) return true;
  return in.reserve(in.size() + std::min(missing, std::max(eager_body, in.size())));
}

// Silence between requests, a slow head, a slow body: three deadlines.
void Http1Session::set_read_deadline() {
  const Limits& limits = connection_.limits();
  const auto now = connection_.io.reactor.now();
  if (!reader_.started(connection_.in)) {
    const bool draining = connection_.io.server.draining.load(std::memory_order_relaxed);
    connection_.deadline(draining ? std::min(last_chance, limits.header_timeout) : first_ ? limits.header_timeout : limits.idle_timeout);
    connection_.set_idle(true);
    return;
  }
  connection_.set_idle(false);
  if (!started_) {
    started_ = true;
    request_start_ = now;
  }
  if (!reader_.head_complete()) {
    connection_.deadline_at(request_start_ + limits.header_timeout);
    return;
  }
  const std::uint64_t received = connection_.stream.bytes_received();
  if (!in_body_) body_progress_.begin(now, received);
  in_body_ = true;
  connection_.deadline_at(body_progress_.deadline(now, received, limits.read_timeout, limits.minimum_rate));
}

void Http1Session::receive(Connection::Wake wake) {
  if (wake == Connection::Wake::timed_out && reader_.started(connection_.in)) {
    refuse(408, reader_.head_complete() ? "the request body came too slowly" : "the request header came too slowly");
  } else if (wake != Connection::Wake::ready) {
    ended_ = true;
  } else {
    const Io io = connection_.receive();
    ended_ = io == Io::closed || io == Io::failed;
  }
}

void Http1Session::refuse(int status, std::string_view reason) {
  reader_.refresh(connection_.in, request_);
  refused_ = close_ = true;
  refusal_ = {status, reason};
}

void Http1Session::dispatch() {
  first_ = false;
  connection_.set_idle(false);
  if (refused_) {
    response() = connection_.io.server.handler.refuse(refusal_.status, refusal_.reason, request_, false);
    if (refusal_.status == 503) response().headers.emplace_back("Retry-After", "1");
    return;
  }
  if (!reader_.keep_alive()) close_ = true;
  connection_.deadline(connection_.limits().request_timeout);
  begin(connection_.io.server.handler, request_);
}

void Http1Session::give_up() {
  close_ = true;
  Response late = connection_.io.server.handler.refuse(503, "the request took too long", request_, true);
  append_response_head(connection_.out, late, {.close = true}, connection_.io.date.text());
  if (may_have_body(late.status) && request_.method != "HEAD") connection_.out.append(late.body);
  wipe(late.body);
}

void Http1Session::encode() {
  Response& reply = response();
  ServerState& server = connection_.io.server;
  if (reply.status == no_answer) reply = server.handler.refuse(500, "internal error", request_, true);
  const bool with_body = may_have_body(reply.status) && request_.method != "HEAD";
  if (reply.stream && with_body) {
    stream_ = BodyStream::start(connection_.io.reactor, server.streams, std::move(reply.stream), [this] { connection_.wake(); });
    if (!stream_) reply = server.handler.refuse(503, "too many streamed replies at once", request_, true);
  }
  chunked_ = stream_ && !reader_.version_1_0();
  if (server.draining.load(std::memory_order_relaxed) || (stream_ && !chunked_)) close_ = true;
  Buffer& out = connection_.out;
  append_response_head(out, reply, {.close = close_, .say_keep_alive = !close_ && reader_.version_1_0(), .chunked = chunked_, .until_close = stream_ != nullptr}, connection_.io.date.text());
  if (stream_) return;
  const std::string_view body = with_body ? std::string_view(reply.body) : std::string_view();
  const std::size_t joined = out.size() < reply_record ? std::min(body.size(), reply_record - out.size()) : 0;
  out.append(body.substr(0, joined));
  connection_.tail = body.substr(joined);
}

bool Http1Session::encode_piece() {
  std::string piece;
  const BodyStream::Piece which = stream_->take(piece);
  if (which == BodyStream::Piece::none_yet) return false;
  Buffer& out = connection_.out;
  if (!piece.empty()) {
    if (chunked_) out.append(fmt::format("{:x}\r\n", piece.size()));
    out.append(piece);
    if (chunked_) out.append("\r\n");
  }
  wipe(piece);
  if (which == BodyStream::Piece::last) {
    if (chunked_) out.append("0\r\n\r\n");
    end_stream();
  }
  return true;
}

// A client that has gone is seen at its end of the stream; one that sends its next request meanwhile is read later.
void Http1Session::watch_client() {
  if (connection_.in.room().empty() && !connection_.in.reserve(connection_.in.size() + least_room)) return;
  const Io io = connection_.receive();
  if (io == Io::closed || io == Io::failed) {
    end_stream();
    close_ = true;
  }
}

void Http1Session::end_stream() {
  if (stream_) stream_->cancel();
  stream_.reset();
}

bool Http1Session::may_run_on() const {
  return connection_.tail.empty() && connection_.out.size() < reply_record / 2 && connection_.in.size() > reader_.consumed();
}

void Http1Session::finish_reply() {
  wipe(response().body);
  if (refused_) {
    request_ = {};
    connection_.in.release();  // others may need the room while this client is listened out
    return;
  }
  connection_.in.consume(reader_.consumed());
  reader_.reset();
  started_ = in_body_ = continued_ = false;
}

Detached serve_http1(std::unique_ptr<Connection> owned) {
  Connection& connection = *owned;
  Http1Session session(connection);
  do {
    while (session.needs_input()) {
      if (!co_await connection.flush_all()) co_return;
      session.set_read_deadline();
      session.receive(co_await connection.until(Connection::readable));
    }
    if (session.ended()) break;
    session.dispatch();
    if (session.pending()) {
      // A reader too slow even for the replies before ends here, but not before the handler has let go of the request.
      bool given_up = !co_await connection.flush_all();
      while (session.pending()) {
        if (co_await connection.until(Connection::woken) != Connection::Wake::timed_out || given_up) continue;
        given_up = true;
        session.give_up();
        if (co_await connection.flush_all()) connection.stream.finish();
        connection.no_deadline();
      }
      if (given_up) co_return;
    }
    session.encode();
    for (connection.no_deadline(); session.streaming();) {
      if (!co_await connection.flush_all()) co_return;
      connection.no_deadline();
      if (session.encode_piece()) continue;
      const bool watch = connection.in.size() < Buffer::small;
      if (co_await connection.until(watch ? Connection::woken | Connection::readable : Connection::woken) == Connection::Wake::closing) co_return;
      if (watch) session.watch_client();
    }
    if (!session.keep_alive() || !session.may_run_on()) {
      if (!co_await connection.flush_all()) co_return;
    }
    session.finish_reply();
  } while (session.keep_alive());
  if (!co_await connection.flush_all()) co_return;
  connection.stream.finish();
  if (!session.refused()) co_return;
  for (connection.deadline(linger); co_await connection.until(Connection::readable) == Connection::Wake::ready && connection.discard_some();) {
  }
}

}  // namespace coffer::http
