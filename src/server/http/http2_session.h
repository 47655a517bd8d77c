#pragma once
#include <list>
#include <memory>

#include "server/http/http2_stream.h"

namespace coffer::http {

// A measure against peers that send frames that are cheap for them and dear for us: each costs points, points come back with time.
class FrameAllowance {
 public:
  explicit FrameAllowance(TimerWheel::Point now) : at_(now) {}
  // False when the peer has overdrawn.
  [[nodiscard]] bool spend(std::int64_t points, TimerWheel::Point now);
  // For a request that was served: who is of use may also say more.
  void earn(std::int64_t points) { points_ = std::min(most, points_ + points); }

 private:
  static constexpr std::int64_t most = 10'000, per_second = 2'000;
  std::int64_t points_ = most;
  TimerWheel::Point at_;
};

// What HTTP/2 (RFC 9113) does between two waits on one connection. Framing, header compression and flow control are nghttp2's; the limits
// are here. Requests of one connection are handed out as they are complete, and answered in any order.
class Http2Session {
 public:
  explicit Http2Session(Connection& connection);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  ~Http2Session();

  [[nodiscard]] bool start();
  // Takes in what has arrived and puts out what is due. False when the connection is over.
  [[nodiscard]] bool process();
  [[nodiscard]] unsigned waits_for() const;
  void set_deadline();
  void after_wait(Connection::Wake wake);
  [[nodiscard]] bool pending() const;  // handlers still hold requests

  [[nodiscard]] Connection& connection() { return connection_; }
  // The handler has answered.
  void answered(Http2Stream& stream);
  void resume(Http2Stream& stream);  // a piece of its body has come

 private:
  friend struct Http2Callbacks;
  void begin_request(std::int32_t id);
  void add_field(Http2Stream& stream, std::string_view name, std::string_view value);
  void add_body(Http2Stream& stream, std::string_view bytes);
  void end_of_head(Http2Stream& stream, bool end_of_request);
  void dispatch(Http2Stream& stream);
  void refuse(Http2Stream& stream);
  void note_malformed(Http2Stream& stream);
  void submit(Http2Stream& stream);
  void stop_upload(Http2Stream& stream);
  void stream_ended(Http2Stream& stream);
  void spend(std::int64_t points);
  void check_deadlines();
  void check_deadline(Http2Stream& stream);
  void end_connection(std::uint32_t error_code);
  void fail(std::uint32_t error_code);
  void start_drain();
  void put_out();
  [[nodiscard]] TimerWheel::Point now() const { return connection_.io.reactor.now(); }

  Connection& connection_;
  nghttp2_session* session_ = nullptr;
  std::list<std::unique_ptr<Http2Stream>> streams_;
  FrameAllowance allowance_;
  Http2Stream* in_head_ = nullptr;  // the stream whose header block is arriving
  TimerWheel::Point idle_since_{};
  bool over_ = false, failed_ = false, dead_ = false, draining_ = false, blocked_ = false, first_ = true;
  TimerWheel::Point blocked_since_{};
};

}  // namespace coffer::http
