#include "storage/rocksdb/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace coffer::storage {
namespace {

constexpr const char* lock_name = "coffer.lock";
constexpr const char* high_water_name = "high-water";
constexpr std::size_t mark_size = 16;  // position, little-endian ‖ FileEncryption::short_tag of it

std::string encode(Position position) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>((position >> (8 * i)) & 0xffU);
  return out;
}

int open_private(const std::string& name) {
  const int file = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file >= 0) (void)::fchmod(file, 0600);
  return file;
}

// Which process says that it holds the lock.
std::string holder(int file) {
  std::array<char, 24> text{};
  const auto size = ::pread(file, text.data(), text.size(), 0);
  std::string out(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  out.erase(std::find_if_not(out.begin(), out.end(), [](char c) { return c >= '0' && c <= '9'; }), out.end());
  return out.empty() ? "" : " (process " + out + ")";
}

}  // namespace

Result<std::unique_ptr<DataFolder>> DataFolder::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  struct stat found{};
  if (error || ::stat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    return fail(Code::unavailable, fmt::format("the data folder cannot be made: {}", error ? error.message() : "it is not a folder"));
  }
  if ((found.st_mode & 07777U) != 0700 && ::chmod(path.c_str(), 0700) != 0) {
    return fail(Code::unavailable, "the data folder belongs to another user: its mode cannot be set to 0700");
  }
  std::unique_ptr<DataFolder> folder(new DataFolder(path));
  CHECK_OK(folder->take());
  return folder;
}

Result<void> DataFolder::take() {
  lock_ = open_private(path_ + "/" + lock_name);
  high_water_ = open_private(path_ + "/" + high_water_name);
  if (lock_ < 0 || high_water_ < 0) {
    return fail(Code::unavailable, fmt::format("the data folder cannot be written: {}", std::generic_category().message(errno)));
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::unavailable, fmt::format("the data folder is in use by another server{}: stop that one first, or choose another folder",
                                               holder(lock_)));
  }
  const std::string mine = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, mine.data(), mine.size(), 0) < 0) {
    // Only the message for a second process is the poorer.
  }
  return {};
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
  if (high_water_ >= 0) ::close(high_water_);
}

Result<bool> DataFolder::has_database() const {
  bool root = false;
  bool data = false;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    const auto name = entry.path().filename().string();
    // All that the server puts here are files of its own: opening a FIFO would never end, a link leads elsewhere.
    if (const auto kind = entry.symlink_status(error).type();
        kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found)
      return fail(Code::corrupt,
                  fmt::format("{} in the data folder is no regular file: restore it, or the whole folder, from a backup", name));
    root = root || name == "CURRENT";
    data = data || name.ends_with(".sst") || name.ends_with(".log");
  }
  if (error) return fail(Code::unavailable, "the data folder cannot be read: " + error.message());
  if (data && !root) return fail(Code::corrupt, "the file CURRENT is missing from the data folder: restore it, or the whole folder, from a backup");
  return root;
}

std::vector<std::string> DataFolder::files_with(std::string_view part) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    auto name = entry.path().filename().string();
    if (name.find(part) != std::string::npos) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> DataFolder::check_headers(const FileEncryption& encryption) const {
  std::error_code error;
  std::string header;
  std::string suspect;  // names another key: the whole folder does, or this file is damaged
  std::string damaged;
  bool key_is_known = false;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    const auto name = entry.path().filename().string();
    if (name == lock_name || name == high_water_name || name == "LOCK" || !entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    header.resize(FileEncryption::header_size);
    file.read(header.data(), static_cast<std::streamsize>(header.size()));
    header.resize(static_cast<std::size_t>(file.gcount()));
    switch (encryption.check(header)) {
      case FileEncryption::Header::good: key_is_known = true; break;
      case FileEncryption::Header::unwritten: break;
      case FileEncryption::Header::damaged: damaged = name; break;
      case FileEncryption::Header::other_key: suspect = name; break;
    }
  }
  if (error) return fail(Code::unavailable, "the data folder cannot be read: " + error.message());
  if (damaged.empty() && key_is_known) damaged = suspect;
  if (!damaged.empty()) {
    return fail(Code::corrupt, fmt::format("the header of the file {} is damaged: restore it, or the data folder, from a backup", damaged));
  }
  if (suspect.empty()) return {};
  return fail(Code::invalid_argument, "the data folder was written with another key: it belongs to another installation, or the seal gave the "
                                      "wrong key");
}

Result<Position> DataFolder::read_high_water(const FileEncryption& encryption) const {
  std::array<char, mark_size> bytes{};
  const auto size = ::pread(high_water_, bytes.data(), bytes.size(), 0);
  const bool empty = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
  if (size <= 0 || empty) return 0;  // never written, or lost to a power cut
  Position position = 0;
  for (std::size_t i = 8; i-- > 0;) position = (position << 8U) | static_cast<unsigned char>(bytes[i]);
  if (size != mark_size || encryption.short_tag(encode(position)) != std::string_view(bytes.data() + 8, 8)) {
    return fail(Code::corrupt, fmt::format("the file {} is damaged, so that it cannot be told whether the data is complete: restore it, or "
                                           "remove it to accept the data as it is", high_water_name));
  }
  return position;
}

void DataFolder::write_high_water(const FileEncryption& encryption, Position position) const {
  std::string bytes = encode(position);
  bytes += encryption.short_tag(bytes);
  if (::pwrite(high_water_, bytes.data(), bytes.size(), 0) < 0) return;
}

Result<DiskSpace> space_at(const std::string& path) {
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0) return fail(Code::unavailable, "the free space of the data disk cannot be read");
  return DiskSpace{static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize, static_cast<std::uint64_t>(disk.f_blocks) * disk.f_frsize};
}

}  // namespace coffer::storage
