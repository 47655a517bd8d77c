#include "server/http/http2_stream.h"

#include <charconv>

#include "base/secret.h"
#include "server/http/character_class.h"
#include "server/http/http2_session.h"

namespace coffer::http {

Http2Stream::Http2Stream(Http2Session& s, std::int32_t stream_id)
    : Exchange(s.connection().io.reactor),
      session(s),
      id(stream_id),
      head_(&s.connection().io.server.bodies, 0, 0),
      body_(&s.connection().io.server.bodies, 0, 0) {
  enter(State::reading, s.connection().io.reactor.now());
}

void Http2Stream::refuse(int status, std::string_view reason) {
  if (refused) return;
  refused = true;
  refusal = {status, reason};
}

bool Http2Stream::add_field(std::string_view name, std::string_view value) {
  if (refused) return false;
  const Limits& limits = session.connection().limits();
  if (fields_.size() >= limits.header_count + 4) return refuse(431, "too many header fields"), false;  // 4 of them say method and target
  if (name == ":path" && value.size() > limits.target_bytes) return refuse(414, "the request target is too long"), false;
  const std::size_t total = head_.size() + name.size() + value.size();
  if (total > limits.header_bytes) return refuse(431, "the header fields are too large"), false;
  if (total > head_.capacity() && !head_.reserve(std::max(total, 2 * head_.capacity()))) {
    return refuse(503, "the server holds too many requests; try again soon"), false;
  }
  fields_.push_back({head_.size(), name.size(), head_.size() + name.size(), value.size()});
  head_.append(name);
  head_.append(value);
  if (name == "expect") expects_continue = same_name(value, "100-continue");
  if (name == "content-length") std::from_chars(value.data(), value.data() + value.size(), declared_size_);
  if (declared_size_ > limits.body_bytes) return refuse(413, "the request body is too large"), false;
  return true;
}

bool Http2Stream::add_body(std::string_view bytes) {
  if (refused) return false;
  const std::size_t total = body_.size() + bytes.size();
  if (total > session.connection().limits().body_bytes) return refuse(413, "the request body is too large"), false;
  std::size_t room = std::max(total, 2 * body_.capacity());
  if (declared_size_ >= total) room = std::min(room, declared_size_);
  if (total > body_.capacity() && !body_.reserve(room)) {
    return refuse(503, "the server holds too many request bodies; try again soon"), false;
  }
  body_.append(bytes);
  moved += bytes.size();
  return true;
}

bool Http2Stream::take_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    request.method = value;
  } else if (name == ":path") {
    request.target = value;
  } else if (name == ":authority") {
    request.headers.push_back({"host", value});
  }
  return name.starts_with(':');
}

bool Http2Stream::complete_request(const Connection& connection) {
  connection.describe(request);
  const std::string_view head = head_.view();
  request.headers.clear();
  request.headers.reserve(fields_.size());
  for (const Field& field : fields_) {
    const Header header{head.substr(field.name, field.name_size), head.substr(field.value, field.value_size)};
    if (!take_pseudo(header.name, header.value)) request.headers.push_back(header);
  }
  request.body = body_.view();
  head_request = request.method == "HEAD";
  if (!refused && !check_request()) refuse(400, "malformed request");
  return !refused;
}

// nghttp2 has checked the order and the number of the pseudo-header fields; the characters are held to HTTP/1.1's rules, and the host may
// be said twice only if it is the same.
bool Http2Stream::check_request() const {
  if (!is_token(request.method) || request.method == "CONNECT" || !is_target(request.target)) return false;
  if (request.target.front() != '/' && !(request.target == "*" && request.method == "OPTIONS")) return false;
  std::string_view host;
  std::size_t hosts = 0;
  for (const Header& header : request.headers) {
    if (!is_token(header.name) || !is_field_value(header.value)) return false;
    if (header.name != "host") continue;
    if (hosts++ > 0 && header.value != host) return false;
    host = header.value;
  }
  return hosts > 0 && host.find_first_of(" \t,/@\\") == std::string_view::npos;
}

void Http2Stream::on_answer() { session.answered(*this); }

bool Http2Stream::begin_stream(Reactor& reactor, StreamSlots& slots) {
  stream_ = BodyStream::start(reactor, slots, std::move(response().stream), [this] { session.resume(*this); });
  return stream_ != nullptr;
}

void Http2Stream::end_stream() {
  if (stream_) stream_->cancel();
  stream_.reset();
  wipe(piece_);
  if (!pending()) wipe(response().body);
  wipe(instead_.body);
}

void Http2Stream::give_up(Response instead) {
  given_up_ = true;
  instead_ = std::move(instead);
}

ssize_t Http2Stream::read_reply(std::span<char> into, bool& last) {
  std::string_view rest = std::string_view(reply().body).substr(sent_);
  if (stream_) {
    if (piece_sent_ == piece_.size() && !last_piece_) {
      wipe(piece_);
      piece_sent_ = 0;
      const BodyStream::Piece which = stream_->take(piece_);
      last_piece_ = which == BodyStream::Piece::last;
      if (which == BodyStream::Piece::none_yet || (piece_.empty() && !last_piece_)) return NGHTTP2_ERR_DEFERRED;
    }
    rest = std::string_view(piece_).substr(piece_sent_);
  }
  const std::size_t count = std::min(rest.size(), into.size());
  if (count > 0) std::memcpy(into.data(), rest.data(), count);
  (stream_ ? piece_sent_ : sent_) += count;
  moved += count;
  last = count == rest.size() && (!stream_ || last_piece_);
  return static_cast<ssize_t>(count);
}

void Http2Stream::drop_request() {
  request = {};
  fields_.clear();
  head_.release();
  body_.release();
}

}  // namespace coffer::http
