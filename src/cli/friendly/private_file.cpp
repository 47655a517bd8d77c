#include "cli/friendly/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cli/flags/key_values.h"

namespace coffer::cli {
namespace {

bool in_memory(const std::string& folder) {
  struct statfs info {};
  if (folder.empty() || ::statfs(folder.c_str(), &info) != 0) return false;
  return info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC;
}

bool write_fully(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(file, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void overwrite(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored))) return;
  const std::uintmax_t size = std::filesystem::file_size(path, ignored);
  if (ignored) return;
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return;
  (void)write_fully(file, std::string(static_cast<std::size_t>(size), '\0'));
  ::close(file);
}

}  // namespace

Expected<PrivateFile> PrivateFile::make(const Environment& environment, std::string_view name, std::string_view content) {
  for (const std::string& base : {environment.variable("XDG_RUNTIME_DIR"), std::string("/dev/shm"), std::string("/run/user/") + std::to_string(::getuid())}) {
    if (!in_memory(base)) continue;
    std::string folder = base + "/coffer-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) continue;
    PrivateFile file(folder, folder + "/" + std::string(name));
    CHECK_OK(file.write(content));
    return file;
  }
  return usage_error("There is no folder in memory to edit in, and secrets are not written to a disk.", "mount a tmpfs at /dev/shm, or set XDG_RUNTIME_DIR to one");
}

Expected<void> PrivateFile::write(std::string_view content) const {
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return usage_error(fmt::format("cannot write {}: {}", path_, ascii_message(errno)));
  const bool done = write_fully(file, content);
  ::close(file);
  if (!done) return usage_error(fmt::format("cannot write {}", path_));
  return {};
}

PrivateFile::~PrivateFile() {
  if (folder_.empty()) return;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_, ignored)) overwrite(entry.path());
  std::filesystem::remove_all(folder_, ignored);
}

Expected<void> replace_file(const std::string& path, std::string_view content, unsigned mode) {
  std::string beside = path + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0) return usage_error(fmt::format("cannot write {}: {}", path, ascii_message(errno)));
  const bool written = ::fchmod(file, mode) == 0 && write_fully(file, content) && ::fsync(file) == 0;
  const int why = errno;
  ::close(file);
  if (!written || ::rename(beside.c_str(), path.c_str()) != 0) {
    const std::string reason = ascii_message(written ? errno : why);
    ::unlink(beside.c_str());
    return usage_error(fmt::format("cannot write {}: {}", path, reason));
  }
  return {};
}

}  // namespace coffer::cli
