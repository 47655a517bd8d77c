#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "server/http/admission.h"
#include "server/http/body_stream.h"
#include "server/http/buffer.h"
#include "server/http/http.h"
#include "server/http/reactor.h"
#include "server/http/response_head.h"
#include "server/http/tls.h"

namespace coffer::http {

class Connection;

// What all io threads share. Safe from any thread.
struct ServerState {
  ServerState(Options o, Handler& h)
      : options(std::move(o)), handler(h), bodies(options.limits.bodies_in_flight_bytes), admission(options.limits.connections, options.limits.connections_per_address) {}
  const Options options;
  Handler& handler;
  Budget bodies;
  Admission admission;
  TicketKeys tickets;
  StreamSlots streams{64};
  std::atomic<bool> draining{false};

  [[nodiscard]] std::shared_ptr<const TlsContext> tls_context(std::size_t listener) {
    const std::lock_guard lock(mutex);
    return tls[listener];
  }
  void connection_ended(const std::string& group) {
    admission.leave(group);
    if (!draining.load()) return;
    const std::lock_guard lock(mutex);
    ended.notify_all();
  }
  std::mutex mutex;
  std::condition_variable ended;                        // with mutex: a connection has ended while draining
  std::vector<std::shared_ptr<const TlsContext>> tls;  // under mutex; by listener, null without TLS
};

// What belongs to one io thread and is touched by it only.
struct IoContext {
  IoContext(ServerState& s, Reactor& r) : server(s), reactor(r) {}
  ServerState& server;
  Reactor& reactor;
  DateCache date;
  Connection* connections = nullptr;  // head of the list of those alive
};

}  // namespace coffer::http
