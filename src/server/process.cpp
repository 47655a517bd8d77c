#include "server/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace coffer::server {

void harden_process() {
  ::umask(0077);
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  std::signal(SIGPIPE, SIG_IGN);
  // Large blocks are pages of their own and go back when they are freed; by itself glibc comes to keep blocks as large as the largest request.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

Result<void> log_to_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
  if (file < 0) return invalid("log_file " + path + " cannot be opened: " + std::strerror(errno) + "; name a file that the server may write, or leave it out");
  ::dup2(file, STDERR_FILENO);
  ::close(file);
  return {};
}

Result<PidFile> PidFile::write(std::string path) {
  PidFile made;
  if (path.empty()) return made;
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  const std::string text = std::to_string(::getpid()) + "\n";
  const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!written) return invalid("pid_file " + path + " cannot be written: " + std::strerror(error) + "; name a file that the server may write, or leave it out");
  made.path_ = std::move(path);
  return made;
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace coffer::server
