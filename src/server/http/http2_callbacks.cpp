#include "server/http/http2_callbacks.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>

#include "base/secret.h"

namespace coffer::http {
namespace {

void* allocate(std::size_t size, void*) { return std::malloc(size); }
void* allocate_zeroed(std::size_t count, std::size_t size, void*) { return std::calloc(count, size); }
void release(void* block, void*) {
  if (!block) return;
  wipe(block, ::malloc_usable_size(block));
  std::free(block);
}
void* reallocate(void* block, std::size_t size, void* unused) {
  const std::size_t usable = block ? ::malloc_usable_size(block) : 0;
  if (block && size <= usable) return block;
  void* fresh = std::malloc(size);
  if (!fresh || !block) return fresh;
  std::memcpy(fresh, block, usable);
  release(block, unused);
  return fresh;
}

std::string_view view(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

nghttp2_mem wiping_memory() { return {nullptr, allocate, release, allocate_zeroed, reallocate}; }

Http2Stream* Http2Callbacks::stream_of(nghttp2_session* session, std::int32_t id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

int Http2Callbacks::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) self(user).begin_request(frame->hd.stream_id);
  return 0;
}

int Http2Callbacks::on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                              const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;  // trailer fields are dropped
  if (Http2Stream* stream = stream_of(session, frame->hd.stream_id))
    self(user).add_field(*stream, view(name, name_size), view(value, value_size));
  return 0;
}

int Http2Callbacks::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                            void* user) {
  if (Http2Stream* stream = stream_of(session, id)) self(user).add_body(*stream, view(data, size));
  return 0;
}

int Http2Callbacks::on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  Http2Session& me = self(user);
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS: me.in_head_ = nullptr; [[fallthrough]];
    case NGHTTP2_DATA:
      if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && !end) me.spend(cost_empty);
      if (Http2Stream* stream = stream_of(session, frame->hd.stream_id)) me.end_of_head(*stream, end);
      break;
    case NGHTTP2_RST_STREAM: me.spend(cost_reset); break;
    case NGHTTP2_SETTINGS: me.spend(cost_settings); break;
    case NGHTTP2_PING: me.spend(cost_ping); break;
    case NGHTTP2_WINDOW_UPDATE: me.spend(cost_window); break;
    default: me.spend(cost_priority); break;
  }
  return 0;
}

int Http2Callbacks::on_invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
  self(user).spend(cost_reset);
  return 0;
}

int Http2Callbacks::on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user) {
  Http2Stream* stream = stream_of(session, id);
  if (!stream) return 0;
  if (error == NGHTTP2_PROTOCOL_ERROR) self(user).note_malformed(*stream);
  self(user).stream_ended(*stream);
  return 0;
}

ssize_t Http2Callbacks::read_reply(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size, std::uint32_t* flags,
                                   nghttp2_data_source* source, void* user) {
  bool last = false;
  auto& stream = *static_cast<Http2Stream*>(source->ptr);
  const ssize_t count = stream.read_reply({reinterpret_cast<char*>(into), size}, last);
  if (last) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    self(user).stop_upload(stream);
  }
  return count;
}

const nghttp2_session_callbacks* Http2Callbacks::all() {
  static nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* c = nullptr;
    if (nghttp2_session_callbacks_new(&c) != 0) return c;
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    return c;
  }();
  return made;
}

}  // namespace coffer::http
