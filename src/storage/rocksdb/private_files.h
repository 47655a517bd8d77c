#pragma once
#include <rocksdb/file_system.h>

#include <mutex>
#include <string>

namespace coffer::storage {

// The file that was opened last to be read from its beginning: RocksDB does not say in which log it met damage.
class LastRead {
 public:
  void set(std::string name) {
    const std::scoped_lock lock(mutex_);
    name_ = std::move(name);
  }
  [[nodiscard]] std::string get() const {
    const std::scoped_lock lock(mutex_);
    return name_;
  }

 private:
  mutable std::mutex mutex_;
  std::string name_;  // guarded by mutex_; without its folder
};

// What lies beneath the encryption: the machine's files, each made readable by its owner alone, whatever the umask. A file that is shorter
// than its encryption header counts as one that holds nothing; the layer above would otherwise compute a negative size.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> make_private_files(std::shared_ptr<rocksdb::FileSystem> machine,
                                                                     std::shared_ptr<LastRead> last_read);

}  // namespace coffer::storage
