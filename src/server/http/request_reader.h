#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/http/buffer.h"
#include "server/http/http.h"

namespace coffer::http {

// Why a request was refused before it became one. `reason` may be shown to the client.
struct Refusal {
  int status = 400;
  std::string_view reason;
};

// HTTP/1.x requests out of a byte stream (RFC 9110, RFC 9112), strictly: whatever two parties could read differently is refused with 400
// rather than mended. Two lengths, a length beside chunked, unknown codings, folded lines, bare CR or LF, NUL and other control
// characters, white space before a colon, a missing or second Host. Knows no socket. One per connection; not thread-safe.
class RequestReader {
 public:
  enum class State : std::uint8_t {
    head,      // more bytes of the request line or the fields are needed
    body,      // the head is complete and holds; more bytes of the body are needed
    complete,  // method(), headers(), body() hold
    refused,   // refusal() says why; what was understood so far is in the request
  };

  explicit RequestReader(const Limits& limits) : limits_(limits) {}

  // Reads on in `input`, which begins with the first byte of this request and to which bytes may have been appended since the last call.
  // A chunked body is unchunked in place. The parts of `request` are views into `input` and hold as long as it is not touched.
  State advance(Buffer& input, Request& request);

  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  [[nodiscard]] bool started(const Buffer& input) const { return input.size() > skipped_; }  // saw more than an empty line
  [[nodiscard]] bool head_complete() const { return head_end_ != 0; }
  // Bytes that the input will hold at the end of this request, as far as they are declared; 0 when the body is chunked.
  [[nodiscard]] std::size_t expected_size() const { return facts_.chunked ? 0 : head_end_ + facts_.length; }
  [[nodiscard]] bool wants_continue() const { return facts_.expects_continue; }
  [[nodiscard]] bool keep_alive() const { return !facts_.asks_close && (!facts_.version_1_0 || facts_.asks_keep_alive); }
  [[nodiscard]] bool version_1_0() const { return facts_.version_1_0; }
  // Once complete: bytes of this request at the front of the input.
  [[nodiscard]] std::size_t consumed() const { return end_; }
  // Makes the views of `request` hold again after the input has moved, as far as it is known: for a refusal before it is complete.
  void refresh(const Buffer& input, Request& request);
  void reset();  // for the next request

 private:
  enum class ChunkPart : std::uint8_t { size_line, data, data_end, trailer, done };
  // What the head says about the message and the connection.
  struct Facts {
    bool version_1_0 = false, has_length = false, chunked = false, expects_continue = false, asks_close = false, asks_keep_alive = false;
    unsigned hosts = 0;
    std::string_view host, authority;
    std::size_t length = 0;
  };

  State refuse(int status, std::string_view reason);
  bool refuse_line(int status, std::string_view reason) { return refuse(status, reason), false; }
  State find_head(const Buffer& input, Request& request);
  bool check_line(std::size_t length);
  bool parse_head(std::string_view lines, Request& request);
  bool parse_request_line(std::string_view line, Request& request);
  bool parse_target(Request& request);
  bool parse_field(std::string_view line, Header& field);
  bool note_field(const Header& field);
  bool note_length(std::string_view value);
  void note_connection(std::string_view value);
  bool check_framing();
  State read_sized(const Buffer& input, Request& request);
  State read_chunked(Buffer& input, Request& request);
  // One step of unchunking: true to go on, false when bytes are missing or the request is refused.
  bool unchunk(Buffer& input);
  bool take_line(const Buffer& input, std::size_t limit, std::string_view& line);
  bool take_size(std::string_view line);
  bool take_data(Buffer& input);
  bool take_trailer(const Buffer& input);

  const Limits& limits_;
  State state_ = State::head;
  Refusal refusal_;
  Facts facts_;
  // Scanning for the end of the head.
  std::size_t skipped_ = 0;  // an empty line before the request
  std::size_t scanned_ = 0;  // every line end before here has been seen
  std::size_t line_start_ = 0, lines_ = 0, head_end_ = 0;
  const char* parsed_at_ = nullptr;  // where the input lay when the head was parsed
  // Unchunking: decoded bytes lie right behind the head; `raw_` is the first byte still coded.
  ChunkPart part_ = ChunkPart::size_line;
  std::size_t raw_ = 0, decoded_ = 0, chunk_left_ = 0, overhead_ = 0, trailer_bytes_ = 0;
  std::size_t end_ = 0;
};

}  // namespace coffer::http
