#pragma once
#include "server/http/http2_session.h"

namespace coffer::http {

// What frames cost (FrameAllowance): a peer may send 500 resets at once and 100 each second after that, 5 times as many pings.
inline constexpr std::int64_t cost_reset = 20, cost_settings = 10, cost_ping = 4, cost_empty = 4, cost_priority = 2, cost_window = 1;

// nghttp2's calls into the session. `user` is the Http2Session, a stream's data its Http2Stream.
struct Http2Callbacks {
  // The table of them; null where there is no memory for it.
  static const nghttp2_session_callbacks* all();
  // Where the bytes of a reply's body come from: a source whose `ptr` is the Http2Stream.
  static ssize_t read_reply(nghttp2_session* session, std::int32_t id, std::uint8_t* into, std::size_t size, std::uint32_t* flags,
                            nghttp2_data_source* source, void* user);

 private:
  static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }
  static Http2Stream* stream_of(nghttp2_session* session, std::int32_t id);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user);
  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size, void* user);
  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user);
  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user);
};

// Header compression keeps tokens in its table, so that nghttp2's memory is wiped when it is given back.
[[nodiscard]] nghttp2_mem wiping_memory();

}  // namespace coffer::http
