#pragma once
#include <rocksdb/file_system.h>

namespace coffer::storage {

// What lies beneath the encryption: the machine's files, each made readable by its owner alone, whatever the umask. A file that is shorter
// than its encryption header counts as one that holds nothing; the layer above would otherwise compute a negative size.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> make_private_files(std::shared_ptr<rocksdb::FileSystem> machine);

}  // namespace coffer::storage
