#pragma once
#include <functional>

#include "base/clock.h"
#include "base/secret.h"
#include "storage/state.h"

namespace coffer::storage {

struct RocksdbOptions {
  std::string path;                                  // the state's own folder; made (0700) when it is not there
  SecretBytes file_key;                              // 32 bytes; every file but two (a lock and a counter) is encrypted under it
  std::uint64_t reserve_bytes = 128U << 20U;         // free space of the disk below which writes are refused; at most an eighth of it
  std::size_t block_cache_bytes = 48U << 20U;
  std::size_t memtable_bytes = 32U << 20U;           // of one memtable, of which up to three exist; bounds what recovery replays
  bool accept_older_data = false;                    // open data that lies behind its own high-water mark (a restored backup)
  const Clock* clock = &system_clock();              // not owned
  std::function<Result<std::uint64_t>()> free_space;  // bytes free on the disk; null asks statvfs(3)
};

// The state in a folder on this machine's disk: RocksDB, whose log is the journal, so that a commit is one synced write. All of its files
// are encrypted (AES-256-CTR), so that a stolen disk shows no names; values are sealed above, by the barrier.
//
// Errors at opening may name a file, relative to the folder. invalid_argument: another file key; unavailable: another process has the
// folder open, or it cannot be used; corrupt: a file is damaged, or the data is older than what was acknowledged (see accept_older_data).
[[nodiscard]] Result<std::unique_ptr<State>> open_rocksdb_state(RocksdbOptions options);

}  // namespace coffer::storage
