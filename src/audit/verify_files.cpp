#include <fcntl.h>

#include <cerrno>

#include "audit/sinks/io.h"
#include "audit/verify.h"

namespace coffer::audit {
namespace {

constexpr std::size_t block = 1u << 20;

// Feeds a file's lines, however long; false when the verification has ended.
Result<bool> feed_file(Verification& verification, std::string_view name) {
  const Fd fd(::open(std::string(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return invalid(std::string(name) + ": " + system_error(errno));
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  std::string buffer;
  std::size_t kept = 0;  // bytes of an unfinished line, at the buffer's start
  std::uint64_t number = 0;
  for (;;) {
    if (buffer.size() < kept + block) buffer.resize(kept + block);
    const auto n = ::read(fd.get(), buffer.data() + kept, buffer.size() - kept);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return invalid(std::string(name) + ": " + system_error(errno));
    if (n == 0) break;
    const std::size_t end = kept + static_cast<std::size_t>(n);
    std::size_t begin = 0, search = kept;
    while (const void* found = std::memchr(buffer.data() + search, '\n', end - search)) {
      const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
      if (!verification.feed(std::string_view(buffer).substr(begin, at - begin), {name, ++number}, true)) return false;
      begin = search = at + 1;
      if (search == end) break;
    }
    kept = end - begin;
    std::memmove(buffer.data(), buffer.data() + begin, kept);
  }
  if (kept != 0) return verification.feed(std::string_view(buffer).substr(0, kept), {name, ++number}, false);
  return true;
}

}  // namespace

Result<VerifyReport> verify(std::span<const std::string> files, const VerifyOptions& options) {
  Verification verification(options);
  CHECK_OK(verification.begin());
  for (const std::string& file : files)
    if (!TRY(feed_file(verification, file))) break;
  return verification.finish();
}

}  // namespace coffer::audit
