#include "server/http/request_reader.h"

#include "server/http/character_class.h"

namespace coffer::http {
namespace {

constexpr std::size_t method_limit = 32;
constexpr std::size_t request_line_overhead = method_limit + 16;  // method, version, spaces
constexpr std::size_t chunk_line_limit = 256;
constexpr std::size_t trailer_limit = 8 << 10;

// The framing of a chunked body may cost this much more than its data: else a client makes the server read far more than it keeps.
bool too_much_framing(std::size_t overhead, std::size_t decoded) { return overhead > (16 << 10) + 8 * decoded; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The text up to `separator`, which `rest` then begins behind.
std::string_view split(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

}  // namespace

void RequestReader::reset() {
  state_ = State::head;
  facts_ = {};
  skipped_ = scanned_ = line_start_ = lines_ = head_end_ = 0;
  parsed_at_ = nullptr;
  part_ = ChunkPart::size_line;
  raw_ = decoded_ = chunk_left_ = overhead_ = trailer_bytes_ = end_ = 0;
}

RequestReader::State RequestReader::refuse(int status, std::string_view reason) {
  refusal_ = {status, reason};
  return state_ = State::refused;
}

RequestReader::State RequestReader::advance(Buffer& input, Request& request) {
  if (state_ == State::head) state_ = find_head(input, request);
  if (state_ == State::body) state_ = facts_.chunked ? read_chunked(input, request) : read_sized(input, request);
  if (state_ == State::refused) refresh(input, request);
  return state_;
}

void RequestReader::refresh(const Buffer& input, Request& request) {
  if (head_end_ != 0 && parsed_at_ == input.view().data()) return;
  facts_ = {};
  parsed_at_ = input.view().data();
  if (head_end_ != 0) {
    parse_head(input.view().substr(skipped_, head_end_ - skipped_ - 2), request);
    return;
  }
  request.method = request.target = {};
  request.headers.clear();
  if (lines_ == 0) return;
  const std::string_view lines = input.view().substr(skipped_);
  const auto [state, refusal] = std::pair(state_, refusal_);  // this is for the record only
  parse_request_line(lines.substr(0, lines.find('\n') - 1), request);
  state_ = state;
  refusal_ = refusal;
}

// ---- the head

bool RequestReader::check_line(std::size_t length) {
  if (++lines_ == 1 && length > limits_.target_bytes + request_line_overhead) return refuse_line(414, "the request target is too long");
  if (lines_ - 1 > limits_.header_count) return refuse_line(431, "too many header fields");
  return true;
}

RequestReader::State RequestReader::find_head(const Buffer& input, Request& request) {
  const std::string_view view = input.view();
  for (;;) {
    const std::size_t line_feed = view.find('\n', scanned_);
    if (line_feed == std::string_view::npos) {
      scanned_ = view.size();
      if (lines_ == 0 && view.size() - line_start_ > limits_.target_bytes + request_line_overhead) return refuse(414, "the request target is too long");
      if (view.size() - skipped_ > limits_.header_bytes) return refuse(431, "the header fields are too large");
      return State::head;
    }
    if (line_feed == line_start_ || view[line_feed - 1] != '\r') return refuse(400, "malformed request: a line must end with CR LF");
    const std::size_t length = line_feed - 1 - line_start_;
    scanned_ = line_start_ = line_feed + 1;
    if (length > 0) {
      if (!check_line(length)) return state_;
    } else if (lines_ > 0) {
      break;
    } else if (skipped_ == 0) {
      skipped_ = line_start_;  // one empty line before the request (RFC 9112 §2.2)
    } else {
      return refuse(400, "malformed request: empty lines before the request line");
    }
  }
  if (line_start_ - skipped_ > limits_.header_bytes) return refuse(431, "the header fields are too large");
  head_end_ = raw_ = line_start_;
  parsed_at_ = view.data();
  facts_ = {};
  return parse_head(view.substr(skipped_, head_end_ - skipped_ - 2), request) ? State::body : state_;
}

bool RequestReader::parse_head(std::string_view lines, Request& request) {
  request.headers.clear();
  const std::size_t first_end = lines.find('\n');
  if (!parse_request_line(lines.substr(0, first_end - 1), request)) return false;
  lines.remove_prefix(first_end + 1);
  while (!lines.empty()) {
    std::string_view line = split(lines, '\n');
    line.remove_suffix(1);  // CR
    Header& field = request.headers.emplace_back();
    if (!parse_field(line, field) || !note_field(field)) {
      request.headers.pop_back();
      return false;
    }
  }
  return check_framing();
}

bool RequestReader::parse_request_line(std::string_view line, Request& request) {
  std::string_view rest = line;
  const std::string_view method = split(rest, ' ');
  const std::string_view target = split(rest, ' ');
  if (method.size() > method_limit || !is_token(method)) return refuse_line(400, "malformed request: the method is not a token");
  request.method = method;
  if (!is_target(target)) return refuse_line(400, "malformed request: the target is empty or holds a space or control character");
  request.target = target;
  if (target.size() > limits_.target_bytes) return refuse_line(414, "the request target is too long");
  if (rest == "HTTP/1.0") {
    facts_.version_1_0 = true;
  } else if (rest != "HTTP/1.1") {
    return refuse_line(400, "malformed request: unknown protocol version, HTTP/1.1 and HTTP/1.0 are served");
  }
  return parse_target(request);
}

// RFC 9112 §3.2: origin form as it is; absolute form loses its authority, which must then be the Host; no CONNECT.
bool RequestReader::parse_target(Request& request) {
  const std::string_view target = request.target;
  if (request.method == "CONNECT") return refuse_line(405, "this server is no proxy");
  if (target.front() == '/' || (target == "*" && request.method == "OPTIONS")) return true;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos || !(same_name(target.substr(0, scheme), "http") || same_name(target.substr(0, scheme), "https"))) {
    return refuse_line(400, "malformed request: the target must begin with a slash");
  }
  const std::size_t begin = scheme + 3;
  const std::size_t path = target.find_first_of("/?", begin);
  facts_.authority = target.substr(begin, path == std::string_view::npos ? path : path - begin);
  if (path == std::string_view::npos || target[path] != '/') return refuse_line(400, "malformed request: the target has no path");
  request.target = target.substr(path);
  return true;
}

bool RequestReader::parse_field(std::string_view line, Header& field) {
  const std::size_t colon = line.find(':');
  if (line.front() == ' ' || line.front() == '\t') return refuse_line(400, "malformed request: folded header lines are not accepted");
  if (colon == std::string_view::npos) return refuse_line(400, "malformed request: a header line has no colon");
  field.name = line.substr(0, colon);
  field.value = trim(line.substr(colon + 1));
  if (!is_token(field.name)) return refuse_line(400, "malformed request: a header name holds a character that is not allowed");
  if (!is_field_value(field.value)) return refuse_line(400, "malformed request: a header value holds a control character");
  return true;
}

bool RequestReader::note_field(const Header& field) {
  const auto [name, value] = field;
  switch (name.size()) {
    case 4:
      if (same_name(name, "host")) {
        ++facts_.hosts;
        facts_.host = value;
      }
      return true;
    case 6:
      if (same_name(name, "expect")) {
        if (!same_name(value, "100-continue")) return refuse_line(417, "the expectation is not known");
        facts_.expects_continue = true;
      }
      return true;
    case 10:
      if (same_name(name, "connection")) note_connection(value);
      return true;
    case 14:
      return !same_name(name, "content-length") || note_length(value);
    case 17:
      if (!same_name(name, "transfer-encoding")) return true;
      if (facts_.chunked || !same_name(value, "chunked")) return refuse_line(400, "malformed request: the only transfer coding is chunked, once");
      facts_.chunked = true;
      return true;
    default:
      return true;
  }
}

bool RequestReader::note_length(std::string_view value) {
  if (facts_.has_length) return refuse_line(400, "malformed request: more than one Content-Length");
  facts_.has_length = true;
  if (value.empty() || value.size() > 18) return refuse_line(400, "malformed request: Content-Length is not a number");
  for (const char c : value) {
    if (c < '0' || c > '9') return refuse_line(400, "malformed request: Content-Length is not a number");
    facts_.length = facts_.length * 10 + static_cast<std::size_t>(c - '0');
  }
  return true;
}

void RequestReader::note_connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = trim(split(value, ','));
    facts_.asks_close = facts_.asks_close || same_name(option, "close");
    facts_.asks_keep_alive = facts_.asks_keep_alive || same_name(option, "keep-alive");
  }
}

bool RequestReader::check_framing() {
  if (facts_.hosts > 1) return refuse_line(400, "malformed request: more than one Host");
  if (facts_.hosts == 0 && !facts_.version_1_0) return refuse_line(400, "malformed request: no Host");
  if (facts_.host.find_first_of(" \t,/@\\") != std::string_view::npos) return refuse_line(400, "malformed request: Host is not a host");
  if (!facts_.authority.empty() && facts_.hosts == 1 && facts_.authority != facts_.host) {
    return refuse_line(400, "malformed request: target and Host name different hosts");
  }
  if (facts_.chunked && (facts_.has_length || facts_.version_1_0)) {
    return refuse_line(400, "malformed request: Transfer-Encoding beside Content-Length, or in HTTP/1.0");
  }
  if (facts_.version_1_0) facts_.expects_continue = false;
  if (facts_.length > limits_.body_bytes) return refuse_line(413, "the request body is too large");
  return true;
}

// ---- the body

RequestReader::State RequestReader::read_sized(const Buffer& input, Request& request) {
  if (input.size() < head_end_ + facts_.length) return State::body;
  refresh(input, request);
  request.body = input.view().substr(head_end_, facts_.length);
  end_ = head_end_ + facts_.length;
  return State::complete;
}

RequestReader::State RequestReader::read_chunked(Buffer& input, Request& request) {
  while (unchunk(input)) {
  }
  input.erase(head_end_ + decoded_, raw_ - head_end_ - decoded_);
  raw_ = head_end_ + decoded_;
  if (state_ == State::refused || part_ != ChunkPart::done) return state_;
  refresh(input, request);
  request.body = input.view().substr(head_end_, decoded_);
  end_ = raw_;
  return State::complete;
}

bool RequestReader::unchunk(Buffer& input) {
  switch (part_) {
    case ChunkPart::size_line: {
      std::string_view line;
      return take_line(input, chunk_line_limit, line) && take_size(line);
    }
    case ChunkPart::data:
      return take_data(input);
    case ChunkPart::data_end: {
      std::string_view line;
      if (!take_line(input, 0, line)) return false;
      part_ = ChunkPart::size_line;
      return true;
    }
    case ChunkPart::trailer:
      return take_trailer(input);
    case ChunkPart::done:
      return false;
  }
  return false;
}

// A line of at most `limit` bytes, ended by CR LF.
bool RequestReader::take_line(const Buffer& input, std::size_t limit, std::string_view& line) {
  const std::string_view rest = input.view().substr(raw_);
  const std::size_t line_feed = rest.substr(0, limit + 2).find('\n');
  if (line_feed == std::string_view::npos) {
    return rest.size() >= limit + 2 ? refuse_line(400, "malformed request: bad chunk") : false;
  }
  if (line_feed == 0 || rest[line_feed - 1] != '\r') return refuse_line(400, "malformed request: bad chunk");
  line = rest.substr(0, line_feed - 1);
  raw_ += line_feed + 1;
  overhead_ += line_feed + 1;
  if (too_much_framing(overhead_, decoded_)) return refuse_line(400, "malformed request: chunks are too small");
  return true;
}

bool RequestReader::take_size(std::string_view line) {
  std::size_t size = 0, digits = 0;
  for (; digits < line.size() && hex_digit(line[digits]) >= 0; ++digits) {
    if (digits == 15) return refuse_line(400, "malformed request: bad chunk size");
    size = size * 16 + static_cast<std::size_t>(hex_digit(line[digits]));
  }
  const std::string_view extension = line.substr(digits);
  if (digits == 0 || (!extension.empty() && extension.front() != ';') || !is_field_value(extension)) {
    return refuse_line(400, "malformed request: bad chunk size");
  }
  if (size > limits_.body_bytes - decoded_) return refuse_line(413, "the request body is too large");
  chunk_left_ = size;
  part_ = size == 0 ? ChunkPart::trailer : ChunkPart::data;
  return true;
}

bool RequestReader::take_data(Buffer& input) {
  const std::size_t there = std::min(chunk_left_, input.size() - raw_);
  if (there == 0) return false;
  char* begin = input.data();
  std::memmove(begin + head_end_ + decoded_, begin + raw_, there);
  raw_ += there;
  decoded_ += there;
  chunk_left_ -= there;
  if (chunk_left_ == 0) part_ = ChunkPart::data_end;
  return true;
}

// Trailer fields are checked and dropped (RFC 9110 §6.5.1).
bool RequestReader::take_trailer(const Buffer& input) {
  std::string_view line;
  const std::size_t before = raw_;
  if (!take_line(input, trailer_limit, line)) return false;
  if (line.empty()) {
    part_ = ChunkPart::done;
    return false;
  }
  Header unused;
  trailer_bytes_ += raw_ - before;
  if (trailer_bytes_ > trailer_limit) return refuse_line(431, "the trailer fields are too large");
  return parse_field(line, unused);
}

}  // namespace coffer::http
