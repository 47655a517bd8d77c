#include "server/http/connection.h"

#include "base/log.h"

namespace coffer::http {
namespace {

constexpr Seconds trim_after{5};                    // idle memory is given back
constexpr std::size_t reply_block = 20 << 10;      // kept for replies: a whole TLS record and its head
constexpr std::uint64_t discard_limit = 64 << 20;  // of a body that was refused

}  // namespace

void Detached::promise_type::unhandled_exception() noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    log::error("a connection was ended: {}", error.what());
  } catch (...) {
    log::error("a connection was ended by an unknown exception");
  }
}

Connection::Connection(IoContext& context, int descriptor, PeerAddress address, std::size_t listener)
    : io(context), stream(descriptor), peer(std::move(address)), listener_index(listener), in(&context.server.bodies), out(nullptr, reply_block), group_(peer.group) {
  next_ = io.connections;
  if (next_) next_->previous_ = this;
  io.connections = this;
}

Connection::~Connection() {
  io.reactor.remove(stream.descriptor(), *this);
  stream.close();
  if (previous_) {
    previous_->next_ = next_;
  } else {
    io.connections = next_;
  }
  if (next_) next_->previous_ = previous_;
  io.server.connection_ended(group_);
}

bool Connection::holds(unsigned what) {
  if ((what & woken) && woken_) {
    woken_ = false;
    return true;
  }
  if (closing_ && !(what & flushed)) return false;
  if ((what & readable) && stream.may_read()) return true;
  if ((what & writable) && writable_) return true;
  return (what & flushed) && writable_ && flush() != Io::blocked;
}

void Connection::suspend(std::coroutine_handle<> handle, unsigned what) {
  waiter_ = handle;
  waiting_for_ = what;
  turn_ = 0;
  if (what == flushed) {
    set_write_deadline();
  } else if (holds(what)) {  // its turn is over: goes on in the next pass
    paused_ = true;
    io.reactor.post([this] {
      paused_ = false;
      resume();
    });
  }
}

// The coroutine may end, and this with it: nothing is touched afterwards.
void Connection::resume() {
  waiting_for_ = 0;
  std::exchange(waiter_, nullptr).resume();
}

void Connection::on_ready(std::uint32_t events) {
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) stream.note_readable((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_ = true;
  if (!waiter_ || paused_) return;
  if (holds(waiting_for_)) {
    resume();
  } else if (waiting_for_ == flushed) {
    set_write_deadline();
  }
}

void Connection::on_timer() {
  if (idle_ && !trimmed_ && io.reactor.now() < deadline_) {
    trimmed_ = true;
    if (in.empty()) in.release();
    if (out.empty()) out.release();
    stream.trim();
    io.reactor.timers().set(*this, deadline_);
    return;
  }
  wake_ = Wake::timed_out;
  if (waiter_ && !paused_) resume();
}

void Connection::set_idle(bool idle) {
  if (idle_ == idle) return;
  idle_ = idle;
  trimmed_ = false;
  if (idle) io.reactor.timers().set(*this, std::min(deadline_, io.reactor.now() + trim_after));
}

void Connection::wake() {
  woken_ = true;
  if (waiter_ && !paused_ && (waiting_for_ & woken) && holds(waiting_for_)) resume();
}

void Connection::wake_last() {
  if (!std::exchange(wakes_last_, true)) io.reactor.call_last(*this);
}

void Connection::on_pass_done() {
  wakes_last_ = false;
  wake();
}

void Connection::drain() {
  if (!idle_) {
    wake();
    return;
  }
  wake_ = Wake::closing;
  if (waiter_ && !paused_) resume();
}

void Connection::force_close() {
  closing_ = true;
  write_failed_ = true;
  if (!waiter_ || paused_ || waiting_for_ == woken) return;
  wake_ = Wake::closing;
  resume();
}

Io Connection::receive() {
  if (in.capacity() == 0 && !in.reserve(Buffer::small)) return Io::failed;  // trimmed while it waited
  const IoResult result = stream.read(in.room());
  if (result.io == Io::done) in.commit(result.bytes);
  // A peer that makes TLS write (a key update) and reads nothing is not waited for.
  return result.io == Io::blocked_other ? Io::failed : result.io;
}

Io Connection::flush() {
  if (write_failed_) return Io::failed;
  while (!out.empty() || !tail.empty()) {
    if (!writable_) return Io::blocked;
    if (!writing_) {
      writing_ = true;
      writing_progress_.begin(io.reactor.now(), written_);
    }
    const IoResult result = stream.write(out.empty() ? tail : out.view());
    if (result.io == Io::blocked) {
      writable_ = false;
      return Io::blocked;
    }
    if (result.io != Io::done) {  // TLS wants to read before it writes: nobody renegotiates here
      write_failed_ = true;
      return Io::failed;
    }
    written_ += result.bytes;
    if (out.empty()) {
      tail.remove_prefix(result.bytes);
    } else {
      out.consume(result.bytes);
    }
  }
  writing_ = false;
  return Io::done;
}

void Connection::set_write_deadline() {
  deadline_at(writing_progress_.deadline(io.reactor.now(), written_, limits().write_timeout, limits().minimum_rate));
}

bool Connection::discard_some() {
  static thread_local char scratch[64 << 10];
  const IoResult result = stream.read_raw(scratch);
  discarded_ += result.bytes;
  return (result.io == Io::done && discarded_ < discard_limit) || result.io == Io::blocked;
}

bool Connection::identify(PeerAddress client) {
  if (!io.server.admission.regroup(group_, client.group)) return false;
  group_ = client.group;
  peer = std::move(client);
  return true;
}

void Connection::describe(Request& request) const {
  request.remote_address = peer.text;
  request.remote_port = peer.port;
  request.tls = stream.tls();
  request.server_name = facts.server_name;
  request.client_certificate = facts.client_certificate;
  request.listener = listener_index;
}

}  // namespace coffer::http
