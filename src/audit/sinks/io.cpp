#include "audit/sinks/io.h"

#include <poll.h>

#include <cerrno>
#include <system_error>

namespace coffer::audit {

std::string system_error(int error) { return std::generic_category().message(error); }

bool wait_ready(int fd, short events, Deadline deadline, int cancel) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd polled[2] = {{fd, events, 0}, {cancel, POLLIN, 0}};
    const int ready = ::poll(polled, 2, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || polled[1].revents != 0) return false;
    return true;  // ready, or in an error that the next call reports
  }
}

long read_at(int fd, char* data, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const auto n = ::pread(fd, data + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<long>(done);
}

}  // namespace coffer::audit
