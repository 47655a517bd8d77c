#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "server/http/http.h"
#include "server/http/reactor.h"

namespace coffer::http {

// How many bodies that come in pieces are on their way; each has a thread of its own.
class StreamSlots {
 public:
  explicit StreamSlots(std::size_t limit) : limit_(limit) {}
  [[nodiscard]] bool take();
  void give();
  void wait_for_none();

 private:
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t used_ = 0;  // under mutex_
};

// A reply body that comes in pieces: the source is called on a thread of its own, one piece ahead of what has left. The rest is called on
// the io thread.
class BodyStream : public std::enable_shared_from_this<BodyStream> {
 public:
  using Source = std::move_only_function<bool(std::string& chunk)>;
  using Notify = std::function<void()>;
  // Null when there are too many. `notify`: a piece has come; never after `cancel`.
  static std::shared_ptr<BodyStream> start(Reactor& reactor, StreamSlots& slots, Source source, Notify notify);
  BodyStream(Reactor& reactor, StreamSlots& slots, Source source, Notify notify)
      : reactor_(reactor), slots_(slots), source_(std::move(source)), notify_(std::move(notify)) {}

  enum class Piece : std::uint8_t { none_yet, some, last };
  [[nodiscard]] Piece take(std::string& chunk);
  void cancel();

 private:
  void run();
  Reactor& reactor_;
  StreamSlots& slots_;
  Source source_;
  Notify notify_;
  std::mutex mutex_;
  std::condition_variable taken_;
  std::string chunk_;                                        // these three under mutex_
  bool full_ = false, finished_ = false, cancelled_ = false;
};

}  // namespace coffer::http
