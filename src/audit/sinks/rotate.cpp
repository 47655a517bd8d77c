#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "audit/sinks/file.h"
#include "base/log.h"

// Rotation: audit.log becomes audit.log.20260102T030405Z (with -1, -2 ... where that is taken) and a new audit.log goes on with the chain.
namespace coffer::audit {
namespace {

// "20260102T030405Z", which sorts by time.
std::string compact_time(Time time) {
  std::string out;
  for (const char c : rfc3339(std::chrono::floor<Seconds>(time)))
    if (c != '-' && c != ':') out.push_back(c);
  return out;
}

// Whether `name` is one that rotation of `base` makes: nothing else is ever removed.
bool rotated_name(std::string_view name, std::string_view base) {
  if (!name.starts_with(base)) return false;
  name.remove_prefix(base.size());
  if (name.size() < 17 || name[0] != '.' || name[9] != 'T' || name[16] != 'Z') return false;
  const auto digits = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const std::string_view rest = name.substr(17);
  return digits(name.substr(1, 8)) && digits(name.substr(10, 6)) && (rest.empty() || (rest[0] == '-' && digits(rest.substr(1))));
}

// Sorts -2 before -10.
bool older(const std::string& a, const std::string& b) {
  const auto time = [](const std::string& name) { return std::string_view(name).substr(0, name.rfind('Z')); };
  if (time(a) != time(b)) return time(a) < time(b);
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

bool FileSink::wants_rotation(Time now) const {
  if (opened_at_ == Time{}) opened_at_ = now;
  if (size_ == 0) return false;
  return (options_.rotate_bytes != 0 && size_ >= options_.rotate_bytes) ||
         (options_.rotate_age != Duration{} && now - opened_at_ >= options_.rotate_age);
}

Result<std::string> FileSink::rotate(Time now) {
  opened_at_ = now;  // when it fails: again after the next period, or with the next batch beyond the size
  const std::string stem = file_.name + "." + compact_time(now);
  std::string former = stem;
  const int folder = file_.folder.get();
  int renamed = -1;
  for (int i = 1; i <= 1000; ++i) {
    renamed = ::renameat2(folder, file_.name.c_str(), folder, former.c_str(), RENAME_NOREPLACE);
    if (renamed == 0 || errno != EEXIST) break;
    former = stem + "-" + std::to_string(i);
  }
  if (renamed != 0) return fail(Code::internal, "the audit file cannot be renamed: " + system_error(errno));
  if (auto opened = reopen(); !opened) {
    ::renameat2(folder, former.c_str(), folder, file_.name.c_str(), RENAME_NOREPLACE);
    return std::unexpected(opened.error());
  }
  remove_old_files();
  return former;
}

std::vector<std::string> FileSink::former_files() const {
  std::vector<std::string> former;
  const int fd = ::openat(file_.folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const folder = fd < 0 ? nullptr : ::fdopendir(fd);
  if (folder == nullptr) return former;
  while (const dirent* entry = ::readdir(folder))
    if (rotated_name(entry->d_name, file_.name)) former.emplace_back(entry->d_name);
  ::closedir(folder);
  std::sort(former.begin(), former.end(), older);
  return former;
}

Tail FileSink::tail_of_former() const {
  const std::vector<std::string> former = former_files();
  if (former.empty()) return {};
  const Fd file(::openat(file_.folder.get(), former.back().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat found {};
  if (file.get() < 0 || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode) || !check_first_line(file.get())) return {};
  Tail tail = read_tail(file.get(), node_, form_).value_or(Tail{});
  tail.torn_bytes = 0;  // they are not of the file that is written to
  return tail;
}

void FileSink::remove_old_files() {
  if (options_.rotate_max_files == 0) return;
  const std::vector<std::string> former = former_files();
  for (std::size_t i = 0; i + options_.rotate_max_files < former.size(); ++i) {
    if (::unlinkat(file_.folder.get(), former[i].c_str(), 0) == 0) log::info("audit: removed {}, beyond rotate_max_files", former[i]);
  }
}

}  // namespace coffer::audit
