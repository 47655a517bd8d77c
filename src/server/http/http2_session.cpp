#include "server/http/http2_session.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "server/http/http2_callbacks.h"

namespace coffer::http {
namespace {

constexpr std::uint32_t concurrent_streams = 250;
constexpr std::size_t held_requests = 2 * concurrent_streams;  // with those that the client has reset while a handler holds them
constexpr std::uint32_t stream_window = 256 << 10;
constexpr std::int32_t connection_window = 1 << 20;
constexpr std::size_t output_high_water = 64 << 10;
constexpr Seconds deadline_grain{1};
constexpr Seconds last_words{5};  // for a peer to take our GOAWAY

std::string_view view(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

bool FrameAllowance::spend(std::int64_t points, TimerWheel::Point now) {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - at_).count();
  points_ = std::min(most, points_ + passed * per_second / 1000);
  if (passed > 0) at_ = now;
  points_ -= points;
  return points_ >= 0;
}

Http2Session::Http2Session(Connection& connection) : connection_(connection), allowance_(connection.io.reactor.now()), idle_since_(connection.io.reactor.now()) {}

Http2Session::~Http2Session() {
  for (const auto& stream : streams_) stream->end_stream();
  nghttp2_session_del(session_);
}

bool Http2Session::start() {
  nghttp2_option* options = nullptr;
  if (!Http2Callbacks::all() || nghttp2_option_new(&options) != 0) return false;
  nghttp2_option_set_max_outbound_ack(options, 100);
  nghttp2_option_set_max_settings(options, 32);
  nghttp2_option_set_no_closed_streams(options, 1);
  nghttp2_mem memory = wiping_memory();
  const int made = nghttp2_session_server_new3(&session_, Http2Callbacks::all(), this, options, &memory);
  nghttp2_option_del(options);
  if (made != 0) return false;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, concurrent_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(connection_.limits().header_bytes)},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0},
  };
  return nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0 &&
         nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window) == 0;
}

// ---- requests

void Http2Session::begin_request(std::int32_t id) {
  if (streams_.size() >= held_requests) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    spend(cost_reset);
    return;
  }
  first_ = false;
  streams_.push_back(std::make_unique<Http2Stream>(*this, id));
  in_head_ = streams_.back().get();
  in_head_->place = std::prev(streams_.end());
  nghttp2_session_set_stream_user_data(session_, id, in_head_);
}

void Http2Session::add_field(Http2Stream& stream, std::string_view name, std::string_view value) { stream.add_field(name, value); }

void Http2Session::add_body(Http2Stream& stream, std::string_view bytes) {
  if (stream.state != Http2Stream::State::reading) return;
  if (!stream.add_body(bytes)) refuse(stream);  // at once, not at the end of what is too large
}

void Http2Session::end_of_head(Http2Stream& stream, bool end_of_request) {
  stream.received_all = stream.received_all || end_of_request;
  if (stream.state != Http2Stream::State::reading) return;
  if (stream.refused) {
    refuse(stream);
  } else if (end_of_request) {
    dispatch(stream);
  } else if (stream.expects_continue) {
    stream.expects_continue = false;
    std::uint8_t name[] = ":status", value[] = "100";
    const nghttp2_nv status{name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr);
  }
}

void Http2Session::dispatch(Http2Stream& stream) {
  if (!stream.complete_request(connection_)) {
    refuse(stream);
    return;
  }
  stream.enter(Http2Stream::State::handling, now());
  stream.begin(connection_.io.server.handler, stream.request);
  if (!stream.pending()) answered(stream);
}

void Http2Session::refuse(Http2Stream& stream) {
  if (stream.state != Http2Stream::State::reading) return;
  stream.complete_request(connection_);
  stream.response() = connection_.io.server.handler.refuse(stream.refusal.status, stream.refusal.reason, stream.request, false);
  if (stream.refusal.status == 503) stream.response().headers.emplace_back("Retry-After", "1");
  answered(stream);
}

// nghttp2 resets a stream whose request breaks HTTP's rules before it is one: nobody is answered, but it leaves its records.
void Http2Session::note_malformed(Http2Stream& stream) {
  if (stream.state != Http2Stream::State::reading) return;
  stream.complete_request(connection_);
  (void)connection_.io.server.handler.refuse(400, "malformed request", stream.request, false);
}

void Http2Session::answered(Http2Stream& stream) {
  if (stream.ended) {
    stream_ended(stream);
    return;
  }
  if (stream.state == Http2Stream::State::replying) {  // another answer has been given in the handler's place
    stream.response() = {};
    return;
  }
  ServerState& server = connection_.io.server;
  if (stream.response().status == Exchange::no_answer) stream.response() = server.handler.refuse(500, "internal error", stream.request, true);
  if (stream.response().stream && !stream.head_request && !stream.begin_stream(connection_.io.reactor, server.streams)) {
    stream.response() = server.handler.refuse(503, "too many streamed replies at once", stream.request, true);
  }
  submit(stream);
  stream.drop_request();
  connection_.wake_last();
}

void Http2Session::submit(Http2Stream& stream) {
  const Response& response = stream.reply();
  stream.enter(Http2Stream::State::replying, now());
  std::vector<std::pair<std::string, std::string>> text;
  text.reserve(response.fixed_headers.size() + response.headers.size() + 3);
  text.emplace_back(":status", fmt::format_int(response.status).str());
  for (const Header& fixed : response.fixed_headers) text.emplace_back(ascii_lower(fixed.name), fixed.value);
  for (const auto& [name, value] : response.headers) {
    if (may_send_header(name, value)) text.emplace_back(ascii_lower(name), value);
  }
  text.emplace_back("date", connection_.io.date.text());
  const bool with_body = may_have_body(response.status);
  const bool streamed = stream.streaming();
  if (with_body && !streamed) text.emplace_back("content-length", fmt::format_int(response.body.size()).str());
  std::vector<nghttp2_nv> fields;
  fields.reserve(text.size());
  for (auto& [name, value] : text) {
    fields.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider body{};
  body.source.ptr = &stream;
  body.read_callback = Http2Callbacks::read_reply;
  const bool has_body = with_body && !stream.head_request && (streamed || !response.body.empty());
  if (nghttp2_submit_response(session_, stream.id, fields.data(), fields.size(), has_body ? &body : nullptr) != 0) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_INTERNAL_ERROR);
  } else if (!has_body) {
    stop_upload(stream);
  }
}

// A client that still sends the body of what has been answered is told that nobody reads it (RFC 9113 §8.1). Called when the end of the
// reply is in the queue.
void Http2Session::stop_upload(Http2Stream& stream) {
  allowance_.earn(1 + static_cast<std::int64_t>(stream.moved / 2048));
  if (!stream.received_all) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_NO_ERROR);
  }
}

void Http2Session::resume(Http2Stream& stream) {
  if (!stream.ended) nghttp2_session_resume_data(session_, stream.id);
  connection_.wake_last();
}

void Http2Session::stream_ended(Http2Stream& stream) {
  stream.ended = true;
  if (in_head_ == &stream) in_head_ = nullptr;
  if (stream.pending()) return;
  streams_.erase(stream.place);
  idle_since_ = now();
  connection_.wake_last();
}

// ---- the connection

void Http2Session::spend(std::int64_t points) {
  if (!allowance_.spend(points, now())) end_connection(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::end_connection(std::uint32_t error_code) {
  if (over_) return;
  over_ = true;
  nghttp2_session_terminate_session(session_, error_code);
}

// nghttp2 has given up on the peer and may not be asked any more: the GOAWAY is ours.
void Http2Session::fail(std::uint32_t error_code) {
  over_ = failed_ = true;
  in_head_ = nullptr;
  for (auto at = streams_.begin(); at != streams_.end();) stream_ended(**at++);
  const char goaway[] = {0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<char>(error_code)};
  connection_.out.append({goaway, sizeof goaway});
}

void Http2Session::start_drain() {
  if (draining_ || failed_) return;
  draining_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR, nullptr, 0);
}

bool Http2Session::process() {
  Buffer& in = connection_.in;
  if (connection_.io.server.draining.load(std::memory_order_relaxed)) start_drain();
  if (!in.empty()) {
    const ssize_t taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(in.data()), in.size());
    in.clear();
    if (taken < 0) fail(taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
  }
  if (!failed_) put_out();
  if (dead_ || connection_.flush() == Io::failed) return false;
  const bool empty = connection_.out.empty();
  if (blocked_ && empty) blocked_ = false;
  if (!blocked_ && !empty) {
    blocked_ = true;
    blocked_since_ = now();
  }
  if (failed_) return !empty;
  if (over_) return !empty || nghttp2_session_want_write(session_);
  return nghttp2_session_want_read(session_) || nghttp2_session_want_write(session_) || !empty;
}

void Http2Session::put_out() {
  Buffer& out = connection_.out;
  for (;;) {
    while (out.size() < output_high_water) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &data);
      if (size < 0) fail(NGHTTP2_INTERNAL_ERROR);
      if (size <= 0) break;
      out.append(view(data, static_cast<std::size_t>(size)));
    }
    if (failed_ || out.empty() || connection_.flush() != Io::done) return;
  }
}

unsigned Http2Session::waits_for() const {
  // Nothing is read from a peer that does not read, so that it cannot pile up answers here.
  return Connection::woken | (blocked_ ? Connection::writable : Connection::readable);
}

void Http2Session::set_deadline() {
  const Limits& limits = connection_.limits();
  if (!streams_.empty() || blocked_ || over_) {
    connection_.set_idle(false);
    connection_.deadline(deadline_grain);
    return;
  }
  connection_.deadline_at(idle_since_ + (first_ ? limits.header_timeout : limits.idle_timeout));
  connection_.set_idle(connection_.in.empty());
}

void Http2Session::after_wait(Connection::Wake wake) {
  if (wake == Connection::Wake::timed_out) check_deadlines();
  if (wake != Connection::Wake::ready) {
    if (wake != Connection::Wake::closing) return;
    if (connection_.closing() || !streams_.empty()) {
      dead_ = true;
    } else {
      end_connection(NGHTTP2_NO_ERROR);
    }
    return;
  }
  if (blocked_ || !connection_.stream.may_read()) return;
  if (!connection_.in.reserve(Buffer::small)) return;
  const Io io = connection_.receive();
  if (io == Io::closed || io == Io::failed) over_ = true;
}

void Http2Session::check_deadlines() {
  const Limits& limits = connection_.limits();
  if (streams_.empty() && !blocked_) end_connection(NGHTTP2_NO_ERROR);
  if (blocked_ && now() - blocked_since_ > (over_ ? std::min(last_words, limits.write_timeout) : limits.write_timeout)) dead_ = true;
  if (in_head_ && now() - in_head_->since > limits.header_timeout) end_connection(NGHTTP2_ENHANCE_YOUR_CALM);
  for (auto at = streams_.begin(); at != streams_.end();) check_deadline(**at++);  // which may end that one
}

void Http2Session::check_deadline(Http2Stream& stream) {
  const Limits& limits = connection_.limits();
  const auto late = [&](Seconds timeout) { return now() > stream.progress.deadline(now(), stream.moved, timeout, limits.minimum_rate); };
  switch (stream.state) {
    case Http2Stream::State::reading:
      if (!late(limits.read_timeout)) return;
      stream.refuse(408, "the request body came too slowly");
      refuse(stream);
      return;
    case Http2Stream::State::handling:
      if (now() - stream.since <= limits.request_timeout || stream.ended) return;
      stream.give_up(connection_.io.server.handler.refuse(503, "the request took too long", stream.request, true));
      submit(stream);
      return;
    case Http2Stream::State::replying:
      if (stream.streaming() || stream.ended || !late(limits.write_timeout)) return;
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_CANCEL);
      return;
  }
}

bool Http2Session::pending() const {
  for (const auto& stream : streams_) {
    if (stream->pending()) return true;
  }
  return false;
}

Detached serve_http2(std::unique_ptr<Connection> owned) {
  Connection& connection = *owned;
  Http2Session session(connection);
  if (!session.start()) co_return;
  while (session.process()) {
    session.set_deadline();
    session.after_wait(co_await connection.until(session.waits_for()));
  }
  connection.stream.finish();
  for (connection.deadline(last_words); co_await connection.until(Connection::readable) == Connection::Wake::ready && connection.discard_some();) {
  }
  connection.no_deadline();
  while (session.pending()) co_await connection.until(Connection::woken);
}

}  // namespace coffer::http
