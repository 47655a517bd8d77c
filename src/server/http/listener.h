#pragma once
#include <memory>
#include <string>
#include <vector>

#include "server/http/connection.h"

namespace coffer::http {

// The sockets of one listener: one for each io thread (SO_REUSEPORT), or one that all share (a Unix-domain socket).
class ListeningSockets {
 public:
  static Result<ListeningSockets> open(const Listener& listener, unsigned io_threads);
  ListeningSockets() = default;
  ListeningSockets(ListeningSockets&& other) noexcept
      : address_(std::move(other.address_)), unix_path_(std::exchange(other.unix_path_, {})), descriptors_(std::exchange(other.descriptors_, {})) {}
  ListeningSockets& operator=(ListeningSockets&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(unix_path_, other.unix_path_);
    std::swap(descriptors_, other.descriptors_);
    return *this;
  }
  ~ListeningSockets() { close(); }
  [[nodiscard]] int descriptor(unsigned io_thread) const { return descriptors_[io_thread % descriptors_.size()]; }
  [[nodiscard]] const std::string& address() const { return address_; }  // as bound
  void close();  // removes a Unix socket's file too

 private:
  static Result<ListeningSockets> open_unix(const Listener& listener);
  static Result<ListeningSockets> open_tcp(const Listener& listener, unsigned io_threads);
  std::string address_, unix_path_;
  std::vector<int> descriptors_;
};

// Takes connections from a listening socket on one io thread. When descriptors run out it lets the newest client go, by means of a
// descriptor kept in reserve, and rests a moment instead of spinning.
class Acceptor final : public Watch, public Timer {
 public:
  Acceptor(IoContext& io, int descriptor, std::size_t listener);
  ~Acceptor();
  [[nodiscard]] bool start() { return io_.reactor.add_shared(descriptor_, *this); }
  void stop();  // takes what already waits in the queue, then no more
  void on_ready(std::uint32_t events) override;
  void on_timer() override;

 private:
  bool accept_one();  // false when none is waiting, or descriptors ran out
  void rest();
  IoContext& io_;
  const int descriptor_;
  const std::size_t listener_;
  int reserve_;
  bool stopped_ = false;
};

}  // namespace coffer::http
