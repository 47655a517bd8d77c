#include "storage/rocksdb/private_files.h"

#include <sys/stat.h>

#include "storage/rocksdb/file_encryption.h"

namespace coffer::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class PrivateFiles final : public rocksdb::FileSystemWrapper {
 public:
  PrivateFiles(const std::shared_ptr<rocksdb::FileSystem>& machine, std::shared_ptr<LastRead> last_read)
      : FileSystemWrapper(machine), last_read_(std::move(last_read)) {}
  [[nodiscard]] const char* Name() const override { return "CofferPrivateFiles"; }

  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options, std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, result, debug);
    if (status.ok()) last_read_->set(name.substr(name.rfind('/') + 1));
    return status;
  }
  IOStatus NewWritableFile(const std::string& name, const FileOptions& options, std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    return owned(name, FileSystemWrapper::NewWritableFile(name, options, result, debug));
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    return owned(name, FileSystemWrapper::ReuseWritableFile(name, old_name, options, result, debug));
  }
  // Would write a second header behind the first contents.
  IOStatus ReopenWritableFile(const std::string&, const FileOptions&, std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("files are not opened again for writing");
  }
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions& options, std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                           IODebugContext* debug) override {
    return owned(name, FileSystemWrapper::NewRandomRWFile(name, options, result, debug));
  }
  IOStatus LockFile(const std::string& name, const IOOptions& options, rocksdb::FileLock** lock, IODebugContext* debug) override {
    return owned(name, FileSystemWrapper::LockFile(name, options, lock, debug));
  }
  IOStatus CreateDir(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    return owned(name, FileSystemWrapper::CreateDir(name, options, debug), 0700);
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions& options, std::uint64_t* size, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::GetFileSize(name, options, size, debug);
    if (status.ok()) *size = std::max<std::uint64_t>(*size, FileEncryption::header_size);
    return status;
  }
  IOStatus GetChildrenFileAttributes(const std::string& folder, const IOOptions& options, std::vector<rocksdb::FileAttributes>* files,
                                     IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::GetChildrenFileAttributes(folder, options, files, debug);
    if (status.ok()) {
      for (auto& file : *files) file.size_bytes = std::max<std::uint64_t>(file.size_bytes, FileEncryption::header_size);
    }
    return status;
  }

 private:
  static IOStatus owned(const std::string& name, IOStatus made, mode_t mode = 0600) {
    if (made.ok() && ::chmod(name.c_str(), mode) != 0) return IOStatus::IOError("cannot set the mode of a file", name);
    return made;
  }

  const std::shared_ptr<LastRead> last_read_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> make_private_files(std::shared_ptr<rocksdb::FileSystem> machine, std::shared_ptr<LastRead> last_read) {
  return std::make_shared<PrivateFiles>(machine, std::move(last_read));
}

}  // namespace coffer::storage
