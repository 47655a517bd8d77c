#include <poll.h>

#include <cerrno>
#include <climits>

#include "audit/sinks/blocking.h"

namespace coffer::audit {
namespace {

class StreamSink final : public BlockingSink {
 public:
  StreamSink(Fd fd, Location location) : fd_(std::move(fd)), location_(std::move(location)) {}

  Outcome append(const Batch& batch, Deadline deadline, int cancel) override {
    if (auto ready = ensure_open(); !ready) return {0, ready.error().message};
    Outcome outcome;
    // A reader that saw half a line before gets its end first, so that the next line stands alone.
    if (torn_ && !write_all("\n", deadline, cancel)) return {0, problem_};
    torn_ = false;
    std::size_t begin = 0;
    for (const Line& line : batch.lines) {
      if (!write_all(std::string_view(batch.text).substr(begin, line.end - begin), deadline, cancel)) {
        outcome.problem = problem_;
        break;
      }
      begin = line.end;
      ++outcome.kept;
    }
    return outcome;
  }

  void reopen() override {
    if (!location_.path.empty()) fd_.reset();
  }

 private:
  Result<void> ensure_open() {
    if (fd_) return {};
    OpenedFile opened = TRY(open_audit_file(location_));
    if (opened.regular) return invalid("there is a regular file now where a FIFO was; disable and enable the device again");
    fd_ = std::move(opened.file);
    return {};
  }

  bool write_all(std::string_view text, Deadline deadline, int cancel) {
    bool any = false;
    while (!text.empty()) {
      if (!wait_ready(fd_.get(), POLLOUT, deadline, cancel)) return failed("nobody read from it before the deadline", any);
      // A descriptor that is ready takes PIPE_BUF bytes without blocking, even where others share it and it cannot be set to O_NONBLOCK.
      const auto n = ::write(fd_.get(), text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n < 0) {
        const int error = errno;
        reopen();
        return failed("it cannot be written: " + system_error(error), any);
      }
      any = true;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  bool failed(std::string problem, bool torn) {
    problem_ = std::move(problem);
    torn_ = torn_ || torn;
    return false;
  }

  Fd fd_;
  Location location_;
  std::string problem_;
  bool torn_ = false;
};

}  // namespace

std::unique_ptr<BlockingSink> make_stream_sink(Fd fd, Location location) {
  return std::make_unique<StreamSink>(std::move(fd), std::move(location));
}

}  // namespace coffer::audit
