#pragma once
#include <nghttp2/nghttp2.h>

#include <list>
#include <memory>
#include <vector>

#include "server/http/body_stream.h"
#include "server/http/connection.h"
#include "server/http/exchange.h"
#include "server/http/progress.h"
#include "server/http/request_reader.h"

namespace coffer::http {

class Http2Session;

// One request of an HTTP/2 connection, from its HEADERS to the end of its reply. It outlives the protocol's stream while the handler
// holds its request.
class Http2Stream final : public Exchange {
 public:
  enum class State : std::uint8_t { reading, handling, replying };
  Http2Stream(Http2Session& session, std::int32_t id);
  ~Http2Stream() { end_stream(); }

  // One header field. False when a limit is passed; `refusal` then says which.
  bool add_field(std::string_view name, std::string_view value);
  bool add_body(std::string_view bytes);
  // Makes the request out of what has come. False when it is not one; `refusal` says why.
  bool complete_request(const Connection& connection);
  void refuse(int status, std::string_view reason);
  void enter(State next, TimerWheel::Point now) {
    state = next;
    since = now;
    progress.begin(now, moved);
  }

  // The reply's bytes for nghttp2: how many were written to `into`, or NGHTTP2_ERR_DEFERRED. `last` at the end.
  ssize_t read_reply(std::span<char> into, bool& last);
  bool begin_stream(Reactor& reactor, StreamSlots& slots);
  void end_stream();
  [[nodiscard]] bool streaming() const { return stream_ != nullptr; }
  // Answers in the place of a handler that takes too long. What the handler says later is dropped.
  void give_up(Response instead);
  [[nodiscard]] const Response& reply() { return given_up_ ? instead_ : response(); }
  void drop_request();  // gives back the memory of the request, which nobody reads any more

  Http2Session& session;
  const std::int32_t id;
  std::list<std::unique_ptr<Http2Stream>>::iterator place;  // in the session's list
  State state = State::reading;
  bool ended = false;      // the protocol's stream is gone
  bool received_all = false;  // the end of the request has come
  bool refused = false;
  bool head_request = false;
  bool expects_continue = false;
  Refusal refusal;
  TimerWheel::Point since{};      // the beginning of this state
  std::uint64_t moved = 0;        // bytes received and sent
  Progress progress;              // in this state
  Request request;

 private:
  struct Field {
    std::size_t name, name_size, value, value_size;  // places in head_
  };
  void on_answer() override;
  bool take_pseudo(std::string_view name, std::string_view value);
  bool check_request() const;

  Buffer head_, body_;
  std::size_t declared_size_ = 0;  // content-length, or 0
  std::vector<Field> fields_;
  Response instead_;
  bool given_up_ = false;
  std::size_t sent_ = 0;
  std::shared_ptr<BodyStream> stream_;
  std::string piece_;
  std::size_t piece_sent_ = 0;
  bool last_piece_ = false;
};

}  // namespace coffer::http
