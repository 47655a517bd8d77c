#pragma once
#include "storage/rocksdb/database.h"

namespace coffer::storage {

// Looks whether the data of a folder hangs together, before it is opened for writing, and changes nothing: recovery would make tables of
// what it found and delete the logs, with the evidence and perhaps the rest of the data.
//
// RocksDB takes a record whose damaged length reaches past the end of its file for one that a crash has cut short, in any log and in the
// manifest, and drops what follows. A batch or a whole table between others can vanish so, without an error. But every batch holds its
// position: those in the logs must follow one another, and the first must follow the tables' last.
//
// Returns the position of the last batch. Code::corrupt, naming a file, when something is missing or fails its check.
[[nodiscard]] Result<Position> inspect(const RocksdbOptions& options, const DataFolder& folder, const EncryptedFiles& files);

}  // namespace coffer::storage
