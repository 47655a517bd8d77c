#pragma once
#include <memory>

#include "server/http/http.h"
#include "server/http/reactor.h"

namespace coffer::http {

// A request that the handler holds, until its answer has come. Lives on one io thread; its Responder works from any. Must stay alive
// while `pending`, since the handler reads the request.
class Exchange {
 public:
  static constexpr int no_answer = 0;  // the status when the handler let go of its Responder without calling it
  explicit Exchange(Reactor& reactor) : reactor_(reactor) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Hands the request to the handler. The answer may be there when this returns; else `on_answer` tells.
  void begin(Handler& handler, const Request& request);
  [[nodiscard]] bool pending() const { return pending_; }
  [[nodiscard]] Response& response() { return response_; }

 protected:
  ~Exchange() = default;
  // The answer has come, after `begin` has returned; on the io thread.
  virtual void on_answer() = 0;

 private:
  class Reply;
  void deliver(Response response);
  void arrived();
  Reactor& reactor_;
  Response response_;
  bool pending_ = false, beginning_ = false;
};

}  // namespace coffer::http
