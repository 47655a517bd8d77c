#include "server/http/exchange.h"

#include "base/log.h"

namespace coffer::http {

// What the handler calls, once. Let go of without a call it says so, so that no client waits for ever.
class Exchange::Reply {
 public:
  explicit Reply(Exchange* exchange) : exchange_(exchange) {}
  Reply(Reply&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (!exchange_) return;
    Response failure;
    failure.status = no_answer;
    exchange_->deliver(std::move(failure));
  }
  void operator()(Response response) {
    if (Exchange* exchange = std::exchange(exchange_, nullptr)) exchange->deliver(std::move(response));
  }

 private:
  Exchange* exchange_;
};

void Exchange::begin(Handler& handler, const Request& request) {
  pending_ = beginning_ = true;
  response_ = {};
  try {
    handler.handle(request, reactor_, Reply(this));
  } catch (const std::exception& error) {
    log::error("a request handler threw: {}", error.what());  // its Responder, destroyed on the way out, has answered
  }
  beginning_ = false;
}

void Exchange::deliver(Response response) {
  response_ = std::move(response);
  if (reactor_.on_own_thread()) {
    arrived();
  } else {
    reactor_.post([this] { arrived(); });
  }
}

void Exchange::arrived() {
  pending_ = false;
  if (!beginning_) on_answer();
}

}  // namespace coffer::http
