#pragma once
#include <rocksdb/file_system.h>

#include "storage/rocksdb/rocksdb_state.h"

namespace coffer::storage {

// open_rocksdb_state on another file system than the machine's: for tests that break disks.
[[nodiscard]] Result<std::unique_ptr<State>> open_rocksdb_state_on(RocksdbOptions options, std::shared_ptr<rocksdb::FileSystem> machine);

}  // namespace coffer::storage
