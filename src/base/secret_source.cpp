#include "base/secret_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/log.h"

namespace coffer {
namespace {

constexpr std::size_t largest_file = 4096;

// A file of at most a few hundred bytes, maybe with a line end.
Result<SecretBytes> read_key_file(const std::string& path, std::string_view subject) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return invalid(fmt::format("{}: the key file cannot be opened: {}", subject, std::strerror(errno)));
  SecretBytes buffer(largest_file);
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < largest_file && (got = ::read(fd, buffer.writable().data() + size, largest_file - size)) > 0)
    size += static_cast<std::size_t>(got);
  struct stat info{};
  const bool open_to_all = ::fstat(fd, &info) == 0 && (info.st_mode & S_IROTH) != 0;
  ::close(fd);
  if (got < 0) return invalid(fmt::format("{}: the key file cannot be read", subject));
  if (size == largest_file) return invalid(fmt::format("{}: the key file is too long for a key", subject));
  if (open_to_all) log::warn("{}: every user of this machine can read the key file; give it mode 0400", subject);
  return SecretBytes::copy_of(buffer.reveal().first(size));
}

}  // namespace

Result<SecretBytes> read_secret_source(std::string_view value, std::string_view subject) {
  const auto after = [value](std::string_view scheme) { return std::string(value.substr(scheme.size())); };
  if (value.starts_with("file://")) return read_key_file(after("file://"), subject);
  if (value.starts_with("env://")) {
    const char* text = std::getenv(after("env://").c_str());
    if (!text) return invalid(fmt::format("{}: the environment variable that it names is not set", subject));
    return SecretBytes::copy_of(std::string_view(text));
  }
  if (value.starts_with("credential://")) {
    const std::string name = after("credential://");
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (!folder) return invalid(fmt::format("{}: there is no $CREDENTIALS_DIRECTORY; use LoadCredential= in the unit", subject));
    if (name.empty() || name.find('/') != std::string::npos) return invalid(fmt::format("{}: not a credential's name", subject));
    return read_key_file(std::string(folder) + "/" + name, subject);
  }
  return SecretBytes::copy_of(value);
}

}  // namespace coffer
