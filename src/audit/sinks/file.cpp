#include "audit/sinks/file.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>

#include "base/log.h"

namespace coffer::audit {
namespace {

// When the file's first record was written, from which its age counts; nothing for an empty file.
Time first_record_time(int fd) {
  char text[128];
  const long n = read_at(fd, text, sizeof text, 0);
  constexpr std::string_view key = R"({"time":")";
  const std::string_view line(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  if (!line.starts_with(key)) return {};
  const auto time = parse_rfc3339(line.substr(key.size(), line.find('"', key.size()) - key.size()));
  return time ? *time : Time{};
}

}  // namespace

Result<std::unique_ptr<FileSink>> FileSink::make(FileOptions options, OpenedFile opened, std::string_view node, Form form) {
  std::unique_ptr<FileSink> sink(new FileSink(std::move(options), std::string(node), form));
  CHECK_OK(sink->adopt(std::move(opened)));
  return sink;
}

Result<void> FileSink::adopt(OpenedFile opened) {
  if (!opened.regular) return invalid("the path is no longer a regular file");
  Tail tail = TRY(read_tail(opened.file.get(), node_, form_));
  struct stat found {};
  if (::fstat(opened.file.get(), &found) != 0) return invalid("the file cannot be examined: " + system_error(errno));
  // Shared among the servers that append to one file; see cut_back().
  ::flock(opened.file.get(), LOCK_SH | LOCK_NB);
  file_ = std::move(opened);
  // A server that was killed while it rotated left a file without a record: the chain did not begin anew, so what is missing is still told.
  tail_ = found.st_size == 0 ? tail_of_former() : tail;
  torn_bytes_ = tail.torn_bytes;
  device_ = found.st_dev;
  inode_ = found.st_ino;
  size_ = static_cast<std::uint64_t>(found.st_size);
  reserved_to_ = 0;
  unlinked_ = false;
  opened_at_ = first_record_time(file_.file.get());
  reserve_ahead();
  return {};
}

// Bytes written; fewer than all when it failed, with errno set.
long FileSink::write_lines(std::string_view text) {
  char line_end = '\n';
  iovec parts[2] = {{&line_end, 1}, {const_cast<char*>(text.data()), text.size()}};
  iovec* from = torn_bytes_ != 0 ? parts : parts + 1;
  long done = 0;
  while (from != parts + 2) {
    const auto n = ::writev(file_.file.get(), from, static_cast<int>(parts + 2 - from));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    done += n;
    auto left = static_cast<std::size_t>(n);
    while (from != parts + 2 && left >= from->iov_len) left -= (from++)->iov_len;
    if (from == parts + 2) break;
    from->iov_base = static_cast<char*>(from->iov_base) + left;
    from->iov_len -= left;
  }
  return done;
}

Outcome FileSink::append(const Batch& batch) {
  if (unlinked_) return {0, "the file was removed, and another cannot be opened in its place"};
  const std::size_t closing = torn_bytes_ != 0 ? 1 : 0;
  const auto written = static_cast<std::size_t>(write_lines(batch.text));
  if (written < batch.text.size() + closing) return after_failure(batch, written, errno);
  torn_bytes_ = 0;
  size_ += written;
  if (options_.sync && ::fdatasync(file_.file.get()) != 0) {
    // The lines are in the file, yet may not outlive a power failure: they do not count, and stay as records of refused requests.
    return {batch.lines.size(), "the file cannot be synced: " + system_error(errno)};
  }
  if (options_.reserve_bytes != 0 && size_ + options_.reserve_bytes / 2 > reserved_to_) reserve_ahead();
  return {batch.lines.size(), std::nullopt};
}

Outcome FileSink::after_failure(const Batch& batch, std::size_t written, int error) {
  Outcome outcome{0, "the file cannot be written: " + system_error(error)};
  if (written == 0 || cut_back(written)) return outcome;
  // Another server may have written behind us: what is there stays. Whole lines count; the next append closes the torn one.
  const std::size_t closing = torn_bytes_ != 0 ? 1 : 0;
  std::size_t whole = 0;
  for (const Line& line : batch.lines) {
    if (line.end + closing > written) break;
    whole = line.end;
    ++outcome.kept;
  }
  torn_bytes_ = written - closing - whole;
  size_ += written;
  return outcome;
}

// Removes what a failed write left. Only when this process alone has the file open (each server holds a shared lock on it), and the file
// ends where that write ended.
bool FileSink::cut_back(std::size_t written) {
  const int fd = file_.file.get();
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
  struct stat found {};
  const bool ours = ::fstat(fd, &found) == 0 && static_cast<std::uint64_t>(found.st_size) == size_ + written;
  const bool cut = ours && ::ftruncate(fd, static_cast<off_t>(size_)) == 0;
  ::flock(fd, LOCK_SH | LOCK_NB);
  return cut;
}

void FileSink::reserve_ahead() {
  if (options_.reserve_bytes == 0) return;
  if (::fallocate(file_.file.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_), static_cast<off_t>(options_.reserve_bytes)) == 0) {
    reserved_to_ = size_ + options_.reserve_bytes;
    reserve_failed_ = false;
  } else if (!reserve_failed_) {
    reserve_failed_ = true;
    log::error("audit: no space can be reserved ahead of {}: {}; {} bytes of the reserve are left", options_.location.path,
               system_error(errno), reserved_to_ > size_ ? reserved_to_ - size_ : 0);
  }
}

Result<void> FileSink::reopen() { return adopt(TRY(open_audit_file(options_.location))); }

// A file that was renamed (by logrotate) or removed, or whose place another took, is not what a reader of the path sees.
bool FileSink::look_after_target() {
  struct stat at_path {}, ours {};
  const bool there = ::fstatat(file_.folder.get(), file_.name.c_str(), &at_path, 0) == 0;
  if (there && at_path.st_ino == inode_ && at_path.st_dev == device_) {
    const auto size = static_cast<std::uint64_t>(at_path.st_size);
    if (size >= size_) return false;
    log::warn("audit: {} was cut from {} to {} bytes by somebody else", options_.location.path, size_, size);
    return reopen().has_value();
  }
  if (auto opened = reopen()) {
    log::warn("audit: {} was moved, removed or replaced; a new file was opened", options_.location.path);
    return true;
  } else {
    const bool gone = ::fstat(file_.file.get(), &ours) != 0 || ours.st_nlink == 0;
    if (gone && !unlinked_) log::error("audit: {} was removed and cannot be opened again: {}", options_.location.path, opened.error().message);
    unlinked_ = unlinked_ || gone;
    return false;
  }
}

}  // namespace coffer::audit
