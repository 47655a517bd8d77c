#include "barrier/seal/seal_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace coffer::barrier {
namespace {

constexpr std::string_view shown_name = "core/seal.json";
constexpr const char* file_name = "seal.json";
constexpr const char* temporary_name = "seal.json.new";
constexpr const char* lock_name = "lock";
constexpr std::size_t largest_file = 256u << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

// The operator finds the path in the log; the caller, who may be anyone, does not.
std::unexpected<Error> failed(const std::string& folder, std::string_view what, int error) {
  log::error("seal file: {} in {}: {}", what, folder, std::strerror(error));
  const bool full = error == ENOSPC || error == EDQUOT;
  return fail(full ? Code::storage_full : Code::unavailable, fmt::format("the seal file {} cannot be {}: {}", shown_name, what, std::strerror(error)));
}

class FileSealStore final : public SealStore {
 public:
  FileSealStore(std::string path, Descriptor folder, Descriptor lock) : path_(std::move(path)), folder_(std::move(folder)), lock_(std::move(lock)) {}
  [[nodiscard]] std::string_view name() const override { return shown_name; }

  [[nodiscard]] Result<std::optional<std::string>> read() override {
    const Descriptor file(
        ::openat(folder_.get(), file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));  // a FIFO is told below, not waited for
    if (!file.ok()) {
      if (errno == ENOENT) return std::nullopt;
      return failed(path_, "opened", errno);
    }
    std::string text;
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) > largest_file) {
      return fail(Code::corrupt, fmt::format("{} is no seal file", shown_name));
    }
    text.resize(static_cast<std::size_t>(info.st_size));
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t got = ::read(file.get(), text.data() + done, text.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed(path_, "read", errno);
      if (got == 0) text.resize(done);
      done += static_cast<std::size_t>(got);
    }
    return text;
  }

  [[nodiscard]] Result<void> write(std::string_view text) override {
    if (const int error = write_temporary(text); error != 0) {
      ::unlinkat(folder_.get(), temporary_name, 0);
      return failed(path_, "written", error);
    }
    if (::renameat(folder_.get(), temporary_name, folder_.get(), file_name) != 0) {
      const int error = errno;
      ::unlinkat(folder_.get(), temporary_name, 0);
      return failed(path_, "replaced", error);
    }
    if (::fsync(folder_.get()) != 0) return failed(path_, "synced", errno);
    return {};
  }

 private:
  // 0, or the errno of what failed.
  int write_temporary(std::string_view text) const {
    const Descriptor file(::openat(folder_.get(), temporary_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.ok()) return errno;
    while (!text.empty()) {
      const ssize_t put = ::write(file.get(), text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return errno;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
    return ::fsync(file.get()) == 0 ? 0 : errno;
  }

  std::string path_;
  Descriptor folder_;
  Descriptor lock_;
};

class MemorySealStore final : public SealStore {
 public:
  [[nodiscard]] Result<std::optional<std::string>> read() override { return text_; }
  [[nodiscard]] Result<void> write(std::string_view text) override {
    text_ = std::string(text);
    return {};
  }
  [[nodiscard]] std::string_view name() const override { return "(in memory)"; }

 private:
  std::optional<std::string> text_;
};

}  // namespace

Result<std::unique_ptr<SealStore>> open_file_seal_store(const std::string& data_folder) {
  const std::string path = data_folder + "/core";
  if (::mkdir(data_folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(data_folder, "made", errno);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed(path, "made", errno);
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) return failed(path, "opened", errno);
  struct stat info {};
  if (::fstat(folder.get(), &info) == 0 && (info.st_mode & 077) != 0 && ::fchmod(folder.get(), 0700) != 0) {
    log::warn("seal file: other users may enter {}; give it mode 0700", path);
  }
  Descriptor lock(::openat(folder.get(), lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.ok()) return failed(path, "locked", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::unavailable, "another process uses this data folder; stop it first, or give this server a folder of its own");
  }
  ::unlinkat(folder.get(), temporary_name, 0);  // of a process that was killed while it wrote
  return std::make_unique<FileSealStore>(path, std::move(folder), std::move(lock));
}

std::unique_ptr<SealStore> make_memory_seal_store() { return std::make_unique<MemorySealStore>(); }

}  // namespace coffer::barrier
