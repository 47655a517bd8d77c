#pragma once
#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <set>

#include "storage/rocksdb/data_folder.h"
#include "storage/rocksdb/gate.h"
#include "storage/rocksdb/private_files.h"
#include "storage/rocksdb/rocksdb_state.h"

namespace coffer::storage {

// Told of failures that RocksDB meets on its own threads (a flush without space, a damaged block in a compaction).
class FailureListener {
 public:
  virtual ~FailureListener() = default;
  virtual void failed(const rocksdb::Status& status) = 0;
};

// RocksDB's environment over the encrypted files of a folder.
struct EncryptedFiles {
  EncryptedFiles(std::shared_ptr<rocksdb::FileSystem> machine, const std::shared_ptr<FileEncryption>& encryption);
  std::shared_ptr<LastRead> last_read;
  std::unique_ptr<rocksdb::Env> env;
};

// One opening of RocksDB, with all that must live as long. Views share it; closing it makes them fail instead of waiting for them.
class Database : public std::enable_shared_from_this<Database> {
 public:
  // The listener outlives close(). `create` makes an empty one.
  static Result<std::shared_ptr<Database>> open(const RocksdbOptions& options, const DataFolder& folder, EncryptedFiles files,
                                                FailureListener& listener, bool create);
  ~Database() { close(); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] rocksdb::Status write(const Batch& batch, const Head& head, bool sync);
  [[nodiscard]] Result<Head> read_head();  // all zero in an empty one
  [[nodiscard]] std::shared_ptr<const ReadView> snapshot();  // of a closed one: a view that fails
  [[nodiscard]] Result<void> checkpoint(const std::string& folder);
  // Waits for calls that run, then lets go of everything. Views made before fail from then on.
  void close();

 private:
  class View;
  class Cursor;
  class Listener;
  explicit Database(EncryptedFiles files) : files_(std::move(files)) {}
  void release(const rocksdb::Snapshot* snapshot);

  Gate gate_;
  std::shared_ptr<rocksdb::EventListener> listener_;
  EncryptedFiles files_;
  std::unique_ptr<rocksdb::DB> db_;
  std::mutex snapshots_mutex_;
  std::set<const rocksdb::Snapshot*> snapshots_;  // guarded by snapshots_mutex_: those that views hold
};

// RocksDB's options for our records: some hundred bytes, encrypted, read one by one.
[[nodiscard]] rocksdb::Options tuned_options(const RocksdbOptions& options);
// The head as of a snapshot, or now when that is null.
[[nodiscard]] Result<Head> head_at(rocksdb::DB& db, const rocksdb::Snapshot* snapshot);
[[nodiscard]] Result<Head> decode_head(std::string_view bytes);
// Why RocksDB could not be opened. Names the damaged file, relative to the folder; looks through the tables where RocksDB does not tell.
[[nodiscard]] Error open_error(const rocksdb::Status& status, const DataFolder& folder, const EncryptedFiles& files);
// Whether the failure is damaged data, not a device or a lack of memory.
[[nodiscard]] bool is_damage(const rocksdb::Status& status);
// What the caller of a failed read may know; the log gets the rest, the file's name included.
[[nodiscard]] Error read_error(const rocksdb::Status& status);
// RocksDB's own words without the folder's path: for the log and for errors at start-up.
[[nodiscard]] std::string describe(const rocksdb::Status& status, const std::string& folder);

}  // namespace coffer::storage
