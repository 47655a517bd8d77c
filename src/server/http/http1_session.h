#pragma once
#include "server/http/body_stream.h"
#include "server/http/connection.h"
#include "server/http/exchange.h"
#include "server/http/request_reader.h"

namespace coffer::http {

// What HTTP/1.1 does between two waits on one connection: one request at a time, in order, each answered before the next is handed out.
// Knows when to wait, never waits.
class Http1Session final : public Exchange {
 public:
  explicit Http1Session(Connection& connection);
  ~Http1Session() { end_stream(); }

  // Reads on in what has arrived. True while a request is incomplete and the connection is to be read.
  [[nodiscard]] bool needs_input();
  void set_read_deadline();
  void receive(Connection::Wake wake);
  // The client left, or stayed silent, between two requests.
  [[nodiscard]] bool ended() const { return ended_; }

  void dispatch();   // to the handler, or to its refusal
  void give_up();    // on a handler that takes too long: answers in its place
  void encode();     // the answer, into the connection's output
  // A reply that comes in pieces: whether more of it is to come; and the next piece, if it is there, into the output.
  [[nodiscard]] bool streaming() const { return stream_ != nullptr; }
  [[nodiscard]] bool encode_piece();
  void watch_client();  // while no piece is there: ends the stream when the client has left
  [[nodiscard]] bool keep_alive() const { return !close_; }
  [[nodiscard]] bool refused() const { return refused_; }
  // Whether the next request may be looked at before this reply has left: it is complete already, and there is room for its reply.
  [[nodiscard]] bool may_run_on() const;
  void finish_reply();  // once it has left, or waits whole in the output

 private:
  void refuse(int status, std::string_view reason);
  bool make_room();
  void end_stream();
  void on_answer() override { connection_.wake(); }

  Connection& connection_;
  RequestReader reader_;
  Request request_;
  Refusal refusal_;
  TimerWheel::Point request_start_{};
  Progress body_progress_;
  std::shared_ptr<BodyStream> stream_;
  bool chunked_ = false;
  bool started_ = false, in_body_ = false, continued_ = false, first_ = true;
  bool refused_ = false, ended_ = false, close_ = false;
};

}  // namespace coffer::http
