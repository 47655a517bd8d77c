#pragma once
#include <coroutine>
#include <memory>
#include <string>

#include "server/http/admission.h"
#include "server/http/buffer.h"
#include "server/http/progress.h"
#include "server/http/server_state.h"
#include "server/http/stream.h"

namespace coffer::http {

// A coroutine that runs by itself: it owns what it was given, starts at once and frees itself at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept;  // out of memory: this connection ends, the others go on
  };
};

// One client's connection: its stream, its buffers, its one deadline, and the coroutine that waits for them. Lives on one io thread and is
// owned by that coroutine.
class Connection final : public Watch, public Timer {
 public:
  using Point = TimerWheel::Point;
  enum class Wake : std::uint8_t { ready, timed_out, closing };
  enum What : std::uint8_t { readable = 1, writable = 2, woken = 4, flushed = 8 };

  // Takes over the descriptor, which `admission` has counted.
  Connection(IoContext& io, int descriptor, PeerAddress peer, std::size_t listener);
  ~Connection();
  [[nodiscard]] bool watch() { return io.reactor.add(stream.descriptor(), *this); }

  // ---- what the coroutine waits for. One wait at a time. Set the deadline first.
  struct Wait {
    Connection& connection;
    unsigned what;
    bool await_ready() const { return connection.take_turn() && connection.holds(what); }
    void await_suspend(std::coroutine_handle<> handle) const { connection.suspend(handle, what); }
    Wake await_resume() const { return connection.take_wake(); }
  };
  // Until any of `what` holds. A connection that never has to wait is made to, now and then, for the others' sake.
  [[nodiscard]] Wait until(unsigned what) { return {*this, what}; }
  // Until all of `out` and `tail` has left, within the write deadline. False when it cannot.
  struct Flush {
    Connection& connection;
    bool await_ready() const { return connection.flush() != Io::blocked; }
    void await_suspend(std::coroutine_handle<> handle) const { connection.suspend(handle, flushed); }
    bool await_resume() const { return connection.take_wake() == Wake::ready && !connection.write_failed_; }
  };
  [[nodiscard]] Flush flush_all() { return {*this}; }

  void deadline(Seconds from_now) { deadline_at(io.reactor.now() + from_now); }
  void deadline_at(Point at) {
    deadline_ = at;
    io.reactor.timers().set(*this, at);
  }
  void no_deadline() { TimerWheel::cancel(*this); }
  // Between requests: may be ended by a drain, and gives back memory after a while.
  void set_idle(bool idle);

  // ---- what others do to it, on its thread
  void wake();         // ends a wait for `woken`
  void wake_last();    // the same at the end of this pass, once, so that all that the pass brings leaves together
  void drain();        // ends it if idle, wakes it otherwise
  void force_close();  // ends any wait but one for the handler

  // Reads once, into `in`, which has room. May be blocked though a wait said readable.
  [[nodiscard]] Io receive();
  // Sends what can be sent. `tail` follows `out`.
  [[nodiscard]] Io flush();
  void note_write_blocked() { writable_ = false; }
  [[nodiscard]] bool closing() const { return closing_; }

  // Waits for what can be read and throws it away, so that the peer reads our last words instead of a reset. True to go on.
  [[nodiscard]] bool discard_some();

  // A proxy has said for whom it connects. False when that address has too many connections already.
  [[nodiscard]] bool identify(PeerAddress client);
  // Fills in what a request says of its connection.
  void describe(Request& request) const;
  [[nodiscard]] const Limits& limits() const { return listener().limits ? *listener().limits : io.server.options.limits; }
  [[nodiscard]] const Listener& listener() const { return io.server.options.listeners[listener_index]; }

  IoContext& io;
  Stream stream;
  PeerAddress peer;
  const std::size_t listener_index;
  PeerFacts facts;
  bool misdirected = false;  // plain HTTP came to a TLS port
  Buffer in, out;
  std::string_view tail;
  std::shared_ptr<const TlsContext> tls;

  void on_ready(std::uint32_t events) override;
  void on_pass_done() override;
  void on_timer() override;

 private:
  [[nodiscard]] bool holds(unsigned what);
  [[nodiscard]] bool take_turn() { return ++turn_ < turns_at_once; }
  [[nodiscard]] Wake take_wake() {
    const Wake wake = std::exchange(wake_, Wake::ready);
    return closing_ ? Wake::closing : wake;
  }
  void suspend(std::coroutine_handle<> handle, unsigned what);
  void resume();
  void set_write_deadline();
  static constexpr unsigned turns_at_once = 32;

  std::coroutine_handle<> waiter_;
  unsigned waiting_for_ = 0;
  unsigned turn_ = 0;
  Wake wake_ = Wake::ready;
  bool writable_ = true, woken_ = false, paused_ = false, write_failed_ = false, closing_ = false, wakes_last_ = false;
  bool idle_ = false, trimmed_ = false;
  bool writing_ = false;  // a reply is on its way
  Progress writing_progress_;
  std::uint64_t written_ = 0;
  std::uint64_t discarded_ = 0;
  Point deadline_{};
  std::string group_;
  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;

 public:
  [[nodiscard]] Connection* next() const { return next_; }
};

// Serves a fresh connection to its end: PROXY header, TLS, then HTTP/1.1 or HTTP/2.
Detached serve(std::unique_ptr<Connection> connection);
Detached serve_http1(std::unique_ptr<Connection> connection);
Detached serve_http2(std::unique_ptr<Connection> connection);

}  // namespace coffer::http
