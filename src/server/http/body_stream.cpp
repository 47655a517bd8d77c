#include "server/http/body_stream.h"

#include <signal.h>

#include <system_error>
#include <thread>

#include "base/log.h"

namespace coffer::http {

bool StreamSlots::take() {
  const std::lock_guard lock(mutex_);
  if (used_ >= limit_) return false;
  ++used_;
  return true;
}

void StreamSlots::give() {
  const std::lock_guard lock(mutex_);
  if (--used_ == 0) none_.notify_all();
}

void StreamSlots::wait_for_none() {
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return used_ == 0; });
}

std::shared_ptr<BodyStream> BodyStream::start(Reactor& reactor, StreamSlots& slots, Source source, Notify notify) {
  if (!slots.take()) return nullptr;
  auto stream = std::make_shared<BodyStream>(reactor, slots, std::move(source), std::move(notify));
  try {
    std::thread([stream] { stream->run(); }).detach();  // an io thread's child: signals are blocked in it too
  } catch (const std::system_error&) {
    slots.give();
    return nullptr;
  }
  return stream;
}

void BodyStream::run() {
  for (bool more = true; more;) {
    std::string chunk;
    try {
      more = source_(chunk);
    } catch (const std::exception& error) {
      log::error("a streamed reply was cut short: {}", error.what());
      more = false;
    }
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return !full_ || cancelled_; });
    if (cancelled_) break;
    chunk_ = std::move(chunk);
    full_ = true;
    finished_ = !more;
    lock.unlock();
    reactor_.post([self = shared_from_this()] {
      if (self->notify_) self->notify_();
    });
  }
  source_ = nullptr;
  slots_.give();  // last: the server may end now
}

BodyStream::Piece BodyStream::take(std::string& chunk) {
  const std::lock_guard lock(mutex_);
  if (!full_) return Piece::none_yet;
  chunk = std::move(chunk_);
  full_ = false;
  taken_.notify_one();
  return finished_ ? Piece::last : Piece::some;
}

void BodyStream::cancel() {
  notify_ = nullptr;
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  taken_.notify_one();
}

}  // namespace coffer::http
