#pragma once
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::audit {

// A file descriptor that is closed with its owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Fd& operator=(Fd&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~Fd() { reset(); }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

using Deadline = std::chrono::steady_clock::time_point;

// The system's text for errno, such as "No space left on device".
[[nodiscard]] std::string system_error(int error);

// Waits until `fd` is ready for `events` (poll's). False at the deadline, or when `cancel` becomes readable.
[[nodiscard]] bool wait_ready(int fd, short events, Deadline deadline, int cancel);

// Reads `size` bytes at `offset`, fewer at the end of the file; -1 with errno set when reading fails.
[[nodiscard]] long read_at(int fd, char* data, std::size_t size, std::uint64_t offset);

}  // namespace coffer::audit
