#pragma once
#include "base/clock.h"
#include "storage/rocksdb/file_encryption.h"
#include "storage/state.h"

namespace coffer::storage {

// The folder of a state: made private, locked against a second process, with the mark of the highest position that it acknowledged.
class DataFolder {
 public:
  // Code::unavailable when another process (or another state of this one) holds it.
  static Result<std::unique_ptr<DataFolder>> open(const std::string& path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // Whether RocksDB has made a database here (true), or nothing at all is here (false). Code::corrupt when it is one without its root.
  [[nodiscard]] Result<bool> has_database() const;
  // The names of the files that contain `part`, sorted.
  [[nodiscard]] std::vector<std::string> files_with(std::string_view part) const;
  // Looks at the header of every file. Code::invalid_argument when they name another key; Code::corrupt, with the file's name, when one is
  // damaged: RocksDB ends the process on some failures that it does not foresee at opening, so it is not shown such a folder.
  [[nodiscard]] Result<void> check_headers(const FileEncryption& encryption) const;
  // The high-water mark; 0 when there is none. Code::corrupt when it is damaged.
  [[nodiscard]] Result<Position> read_high_water(const FileEncryption& encryption) const;
  // Not synced: it survives a killed process, and after a power cut it may only be behind. Failure is ignored: it is a second line of
  // defence.
  void write_high_water(const FileEncryption& encryption, Position position) const;

 private:
  explicit DataFolder(std::string path) : path_(std::move(path)) {}
  Result<void> take();

  const std::string path_;
  int lock_ = -1;        // descriptors, owned
  int high_water_ = -1;
};

// Bytes of the disk of a folder: free for this process, and all.
struct DiskSpace {
  std::uint64_t free = 0, total = 0;
};
[[nodiscard]] Result<DiskSpace> space_at(const std::string& path);

}  // namespace coffer::storage
