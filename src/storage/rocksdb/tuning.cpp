#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <cstdarg>
#include <cstdio>

#include "base/log.h"
#include "storage/rocksdb/database.h"

namespace coffer::storage {
namespace {

// RocksDB's messages in the server's log; it keeps no log file of its own.
class LogAdapter final : public rocksdb::Logger {
 public:
  LogAdapter() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}  // what has no level is chatter
  __attribute__((format(printf, 3, 0))) void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL) return;
    std::array<char, 1024> text{};
    if (std::vsnprintf(text.data(), text.size(), format, arguments) < 0) return;
    log::at(level >= rocksdb::InfoLogLevel::ERROR_LEVEL ? log::Level::warn : log::Level::debug, "rocksdb: {}", text.data());
  }
};

void set_durability(rocksdb::Options& out) {
  out.paranoid_checks = true;
  // A torn record at the end of the log is a commit that was never acknowledged; damage before it is an error. That nothing acknowledged
  // was taken for such a tail is what inspect() and the high-water mark show.
  out.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  out.track_and_verify_wals_in_manifest = true;
  out.verify_sst_unique_id_in_manifest = true;
  out.recycle_log_file_num = 0;
  // What recovery reads becomes a synced table at once: after a failed sync the log's pages may be clean in memory and absent on disk.
  out.avoid_flush_during_recovery = false;
  out.max_bgerror_resume_count = 0;  // failures are ours to judge: see RocksdbState
}

rocksdb::BlockBasedTableOptions table_options(const RocksdbOptions& options) {
  rocksdb::BlockBasedTableOptions out;
  out.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  out.block_size = 4096;
  out.format_version = 5;
  out.checksum = rocksdb::kXXH3;
  out.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));  // a token that does not exist must cost next to nothing
  out.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  // Indexes and filters (1 % of the data) lie outside the block cache, where a get finds them without a look-up.
  out.cache_index_and_filter_blocks = false;
  return out;
}

}  // namespace

rocksdb::Options tuned_options(const RocksdbOptions& options) {
  rocksdb::Options out;
  set_durability(out);
  out.compression = rocksdb::kNoCompression;  // the values are ciphertext
  out.write_buffer_size = options.memtable_bytes;
  out.max_write_buffer_number = 3;
  out.memtable_prefix_bloom_size_ratio = 0.02;
  out.memtable_whole_key_filtering = true;
  out.level_compaction_dynamic_level_bytes = true;
  out.max_background_jobs = 2;
  out.bytes_per_sync = 1U << 20U;
  out.max_manifest_file_size = 16U << 20U;
  out.manifest_preallocation_size = 64U << 10U;
  out.skip_stats_update_on_db_open = true;
  out.avoid_unnecessary_blocking_io = true;  // files are deleted on background threads, not on a reader's
  out.allow_concurrent_memtable_write = false;  // the committer is the only writer
  out.enable_write_thread_adaptive_yield = false;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.info_log = std::make_shared<LogAdapter>();
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(options)));
  // The expiry index is erased from its beginning, where it is read: without this a scan would walk over all that has expired.
  out.table_properties_collector_factories.push_back(rocksdb::NewCompactOnDeletionCollectorFactory(4096, 1024, 0.5));
  return out;
}

}  // namespace coffer::storage
