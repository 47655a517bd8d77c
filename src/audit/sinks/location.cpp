#include "audit/sinks/location.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>

#include "audit/sinks/tail.h"

namespace coffer::audit {
namespace {

std::unexpected<Error> outside() {
  return invalid("the file must lie in one of the folders that \"audit_dirs\" names in the server's configuration; give a path in one of "
                 "them, or a relative path, which goes beneath the first");
}

// Opens beneath `folder`, one component after the other, without following any link: for kernels and sandboxes without openat2.
int open_beneath_by_hand(int folder, std::string_view path, int flags, mode_t mode) {
  Fd current;
  int at = folder;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string name(path.substr(0, slash));
    if (slash == std::string_view::npos) return ::openat(at, name.c_str(), flags | O_NOFOLLOW, mode);
    Fd next(::openat(at, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return -1;
    current = std::move(next);
    at = current.get();
    path.remove_prefix(slash + 1);
  }
}

int open_beneath(int folder, const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) return open_beneath_by_hand(folder, path, flags, mode);
  return static_cast<int>(fd);
}

// The path without doubled slashes; nothing when it has `.` or `..` segments, control characters, or is empty.
std::optional<std::string> plain_path(std::string_view path) {
  if (path.empty() || path.size() >= PATH_MAX) return std::nullopt;
  for (const char c : path)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < path.size();) {
    const std::size_t end = std::min(path.find('/', i), path.size());
    const std::string_view segment = path.substr(i, end - i);
    if (segment == "." || segment == "..") return std::nullopt;
    if (!segment.empty()) {
      if (!out.empty() || path.front() == '/') out.push_back('/');
      out.append(segment);
    }
    i = end + 1;
  }
  if (out.empty() || path.back() == '/') return std::nullopt;
  return out;
}

// The part of `path` below `folder`; nothing when it is not below.
std::optional<std::string> below(const std::string& path, std::string_view folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
  if (folder.empty() || path.size() <= folder.size() + 1 || !path.starts_with(folder) || path[folder.size()] != '/') return std::nullopt;
  return path.substr(folder.size() + 1);
}

struct Place {
  std::string root, rest;
};

// Which allowed folder a path given by API belongs to: the longest that fits, by its name or by its real path.
Result<Place> allowed_place(const Location& location) {
  const auto path = plain_path(location.path);
  if (!path || location.folders.empty()) return outside();
  if (path->front() != '/') return Place{location.folders.front(), *path};
  std::optional<Place> best;
  for (const std::string& folder : location.folders) {
    auto rest = below(*path, folder);
    if (!rest) {
      const std::unique_ptr<char, decltype(&std::free)> real(::realpath(folder.c_str(), nullptr), &std::free);
      if (real) rest = below(*path, real.get());
    }
    if (rest && (!best || rest->size() < best->rest.size())) best = Place{folder, *rest};
  }
  if (!best) return outside();
  return *best;
}

std::unexpected<Error> cannot(std::string_view what, int error) {
  return invalid(std::string(what).append(": ").append(system_error(error)));
}

// The folder that holds the file, which must be there: whoever may enable devices makes files, not folders.
Result<Fd> open_parent(const Place& place, std::string& name) {
  Fd root(::open(place.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return cannot("the allowed folder cannot be opened", errno);
  const std::size_t slash = place.rest.rfind('/');
  name = place.rest.substr(slash == std::string::npos ? 0 : slash + 1);
  if (slash == std::string::npos) return root;
  Fd folder(open_beneath(root.get(), place.rest.substr(0, slash), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  if (folder) return folder;
  if (errno == EXDEV || errno == ELOOP) return outside();
  return errno == ENOENT ? Result<Fd>(invalid("the folder of the file does not exist; make it first")) : Result<Fd>(cannot("the folder cannot be opened", errno));
}

Result<Fd> open_trusted_parent(const std::string& path, std::string& name) {
  const std::size_t slash = path.rfind('/');
  name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  if (name.empty() || name == "." || name == "..") return invalid("the path names a folder, not a file");
  for (std::size_t i = parent.find('/', 1); i != std::string::npos; i = parent.find('/', i + 1)) ::mkdir(parent.substr(0, i).c_str(), 0700);
  ::mkdir(parent.c_str(), 0700);
  Fd folder(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return cannot("the folder cannot be opened", errno);
  return folder;
}

// Opens what is there already, once its kind is known to be harmless: opening some devices has effects.
Result<void> open_existing(OpenedFile& opened, bool trusted) {
  const int follow = trusted ? 0 : O_NOFOLLOW;
  struct stat before {}, after {};
  const Fd seen(::openat(opened.folder.get(), opened.name.c_str(), O_PATH | O_CLOEXEC | follow));
  if (!seen || ::fstat(seen.get(), &before) != 0) return cannot("the file cannot be opened", errno);
  opened.regular = S_ISREG(before.st_mode);
  if (!opened.regular && !S_ISFIFO(before.st_mode) && !(trusted && S_ISCHR(before.st_mode)))
    return invalid("the path is neither a file nor a FIFO; give the path of a file that is absent or empty, or that holds audit records");
  const int access = opened.regular ? O_RDWR | O_APPEND : O_WRONLY;
  opened.file = Fd(::openat(opened.folder.get(), opened.name.c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | follow));
  if (!opened.file && errno == ENXIO) return invalid("nobody reads from the FIFO; start its reader first");
  if (!opened.file || ::fstat(opened.file.get(), &after) != 0) return cannot("the file cannot be opened for writing", errno);
  if (before.st_ino != after.st_ino || before.st_dev != after.st_dev) return invalid("the file was replaced while it was being opened");
  if (opened.regular) return check_first_line(opened.file.get());
  return {};
}

}  // namespace

Result<OpenedFile> open_audit_file(const Location& location) {
  OpenedFile opened;
  if (location.trusted) opened.folder = TRY(open_trusted_parent(location.path, opened.name));
  else opened.folder = TRY(open_parent(TRY(allowed_place(location)), opened.name));
  constexpr int flags = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
  opened.file = Fd(::openat(opened.folder.get(), opened.name.c_str(), flags, 0600));
  if (opened.file) {
    if (location.mode != 0600) ::fchmod(opened.file.get(), location.mode);  // whatever the umask says
  } else if (errno == EEXIST) {
    CHECK_OK(open_existing(opened, location.trusted));
  } else {
    return cannot("the file cannot be made", errno);
  }
  return opened;
}

Result<Fd> open_socket_path(const Location& location) {
  struct stat found {};
  Fd fd;
  if (location.trusted) {
    fd = Fd(::open(location.path.c_str(), O_PATH | O_CLOEXEC));
  } else {
    const Place place = TRY(allowed_place(location));
    const Fd root(::open(place.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (root) fd = Fd(open_beneath(root.get(), place.rest, O_PATH | O_CLOEXEC, 0));
    if (!fd && (errno == EXDEV || errno == ELOOP)) return outside();
  }
  if (!fd || ::fstat(fd.get(), &found) != 0) return cannot("the socket cannot be opened", errno);
  if (!S_ISSOCK(found.st_mode)) return invalid("the address is not a Unix socket");
  return fd;
}

Result<mode_t> parse_mode(std::string_view text) {
  if (text.empty()) return 0600;
  mode_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 07777) return invalid("mode must be octal, such as \"0600\"");
  if ((mode & 07111) != 0) return invalid("mode may not have execute, set-id or sticky bits; audit files are only read and written");
  return mode == 0 ? mode_t{0600} : mode;
}

}  // namespace coffer::audit
