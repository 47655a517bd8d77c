#pragma once
// For tests: a file system whose logs or tables fail on demand.
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace coffer::storage {

struct FileFaults {
  enum class Kind : std::uint8_t { none, no_space_in_append, no_space_in_sync, error_in_append, error_in_sync };
  std::atomic<Kind> logs{Kind::none};
  std::atomic<Kind> tables{Kind::none};
  std::atomic<bool> hold_tables{false};  // their making waits, while logs go on
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<FileFaults> faults, const std::atomic<FileFaults::Kind>& mine)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(std::move(faults)), mine_(mine) {}
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    while (&mine_ == &faults_->tables && faults_->hold_tables) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto kind = mine_.load();
    if (kind != FileFaults::Kind::no_space_in_append && kind != FileFaults::Kind::error_in_append) {
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    // As a disk does it: a part gets there.
    (void)FSWritableFileOwnerWrapper::Append({data.data(), data.size() / 2}, options, debug);
    return kind == FileFaults::Kind::no_space_in_append ? rocksdb::IOStatus::NoSpace("test") : rocksdb::IOStatus::IOError("test");
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return synced(FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug) override {
    return synced(FSWritableFileOwnerWrapper::Fsync(options, debug));
  }

 private:
  rocksdb::IOStatus synced(rocksdb::IOStatus done) {
    const auto kind = mine_.load();
    if (kind == FileFaults::Kind::no_space_in_sync) return rocksdb::IOStatus::NoSpace("test");
    if (kind == FileFaults::Kind::error_in_sync) return rocksdb::IOStatus::IOError("test");
    return done;
  }
  const std::shared_ptr<FileFaults> faults_;
  const std::atomic<FileFaults::Kind>& mine_;  // in *faults_
};

class FaultyFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFiles(std::shared_ptr<FileFaults> faults) : FileSystemWrapper(FileSystem::Default()), faults_(std::move(faults)) {}
  [[nodiscard]] const char* Name() const override { return "FaultyFiles"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options, std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    const bool log = name.ends_with(".log");
    if (status.ok() && (log || name.ends_with(".sst"))) {
      *result = std::make_unique<FaultyFile>(std::move(*result), faults_, log ? faults_->logs : faults_->tables);
    }
    return status;
  }

 private:
  const std::shared_ptr<FileFaults> faults_;
};

}  // namespace coffer::storage
