#include "storage/rocksdb/rocksdb_state.h"

#include <fmt/format.h>

#include "base/log.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/inspection.h"
#include "storage/rocksdb/open_on.h"

namespace coffer::storage {
namespace {

class RocksdbState final : public State, private FailureListener {
 public:
  RocksdbState(RocksdbOptions options, std::unique_ptr<DataFolder> folder, std::shared_ptr<FileEncryption> encryption,
               std::shared_ptr<rocksdb::FileSystem> machine)
      : options_(std::move(options)), folder_(std::move(folder)), encryption_(std::move(encryption)), machine_(std::move(machine)) {}
  ~RocksdbState() override {
    if (database_) database_->close();
  }
  [[nodiscard]] Result<void> open();

  [[nodiscard]] Condition condition() const override;
  [[nodiscard]] std::shared_ptr<const ReadView> snapshot() const override;
  [[nodiscard]] Result<Head> head() const override;
  [[nodiscard]] Position highest_seen() const override { return highest_seen_.load(); }
  [[nodiscard]] bool wants_cache() const override { return true; }
  [[nodiscard]] Result<void> apply(const Batch& batch, Position position, Epoch epoch, bool sync) override;
  [[nodiscard]] Result<void> checkpoint(const std::string& folder) const override;
  [[nodiscard]] Result<void> reopen() override;

 private:
  void failed(const rocksdb::Status& status) override;
  [[nodiscard]] bool has_space(std::uint64_t bytes) const;
  [[nodiscard]] std::uint64_t free_space() const;
  [[nodiscard]] std::shared_ptr<Database> database() const {
    const std::scoped_lock lock(mutex_);
    return database_;
  }

  const RocksdbOptions options_;
  const std::unique_ptr<DataFolder> folder_;
  const std::shared_ptr<FileEncryption> encryption_;
  const std::shared_ptr<rocksdb::FileSystem> machine_;

  std::mutex writer_;  // held by apply and reopen
  mutable std::mutex mutex_;
  std::shared_ptr<Database> database_;  // guarded by mutex_
  Head head_;                           // guarded by mutex_
  std::atomic<Position> highest_seen_{0};
  std::atomic<Condition> poison_{Condition::healthy};  // healthy, no_space or failed

  // What statvfs said last, and when: a system call on every commit and health check would be waste.
  mutable std::atomic<std::int64_t> space_checked_{std::numeric_limits<std::int64_t>::min()};
  mutable std::atomic<std::uint64_t> space_{0}, total_{std::numeric_limits<std::uint64_t>::max()};
};

constexpr std::chrono::milliseconds space_check_interval{100};

std::uint64_t size_of(const Batch& batch) {
  std::uint64_t size = 0;
  for (const Change& change : batch.changes) size += change.key.size() + (change.value ? change.value->size() : 0) + 16;
  return size;
}

Result<void> RocksdbState::open() {
  EncryptedFiles files(machine_, encryption_);
  const bool exists = TRY(folder_->has_database());
  CHECK_OK(folder_->check_headers(*encryption_));
  const Position found = exists ? TRY(inspect(options_, *folder_, files)) : 0;
  auto marked = folder_->read_high_water(*encryption_);
  if (!marked && !options_.accept_older_data) return std::unexpected(std::move(marked).error());
  const Position mark = marked.value_or(0);
  if (found < mark && !options_.accept_older_data) {
    return fail(Code::corrupt, fmt::format("the data ends at position {}, but {} was acknowledged: it is an older copy, or files were lost or "
                                           "cut. Restore the newest copy, or accept the older data explicitly", found, mark));
  }
  auto opened = TRY(Database::open(options_, *folder_, std::move(files), *this, !exists));
  const Head head = TRY(opened->read_head());
  if (head.position != found) return fail(Code::corrupt, fmt::format("recovery ended at position {}, not {}", head.position, found));
  folder_->write_high_water(*encryption_, head.position);
  highest_seen_ = std::max(mark, head.position);
  const std::scoped_lock lock(mutex_);
  database_ = std::move(opened);
  head_ = head;
  return {};
}

std::uint64_t RocksdbState::free_space() const {
  const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(options_.clock->steady().time_since_epoch()).count();
  if (const std::int64_t last = space_checked_.load(); last > now || now - last < space_check_interval.count()) {
    if (last != std::numeric_limits<std::int64_t>::min()) return space_.load();
  }
  if (options_.free_space) {
    space_.store(options_.free_space().value_or(0));
  } else if (const auto space = space_at(folder_->path())) {
    space_.store(space->free);
    total_.store(space->total);
  } else {
    space_.store(0);
  }
  space_checked_.store(now);
  return space_.load();
}

// On a small disk the reserve is a part of it.
bool RocksdbState::has_space(std::uint64_t bytes) const {
  const std::uint64_t free = free_space();
  return free >= std::min(options_.reserve_bytes, total_.load() / 8) + bytes;
}

Condition RocksdbState::condition() const {
  if (const Condition poison = poison_.load(); poison != Condition::healthy) return poison;
  return has_space(0) ? Condition::healthy : Condition::full;
}

std::shared_ptr<const ReadView> RocksdbState::snapshot() const {
  return database()->snapshot();
}

Result<Head> RocksdbState::head() const {
  const std::scoped_lock lock(mutex_);
  return head_;
}

// The first failure decides: what follows is often only its echo.
void RocksdbState::failed(const rocksdb::Status& status) {
  Condition healthy = Condition::healthy;
  if (!poison_.compare_exchange_strong(healthy, status.IsNoSpace() ? Condition::no_space : Condition::failed)) return;
  log::error("storage: a write failed, no more are taken: {}", describe(status, folder_->path()));
}

Result<void> RocksdbState::apply(const Batch& batch, Position position, Epoch epoch, bool sync) try {
  const std::scoped_lock writer(writer_);
  if (poison_.load() != Condition::healthy) return fail(Code::unavailable, "the storage takes no writes after a failure");
  if (const auto last = head(); position != last->position + 1) return fail(Code::internal, "positions must follow one another");
  // Twice: once in the log, once in a table; what compactions need besides is what the reserve is for.
  if (!has_space(2 * size_of(batch))) return fail(Code::storage_full, "the data disk is nearly full: writes are refused until there is space");
  const Head head{position, epoch, batch.id};
  if (const rocksdb::Status status = database()->write(batch, head, sync); !status.ok()) {
    failed(status);
    return fail(Code::unavailable, "a write to the data disk failed: " + describe(status, folder_->path()));
  }
  {
    const std::scoped_lock lock(mutex_);
    head_ = head;
  }
  highest_seen_ = std::max(highest_seen_.load(), position);
  // Without a sync the data may be lost to a power cut while the mark is not, and the mark would then refuse good data.
  if (sync) folder_->write_high_water(*encryption_, position);
  return {};
} catch (const std::exception& e) {
  // Whether RocksDB was half-way is unknown.
  failed(rocksdb::Status::Aborted(e.what()));
  return fail(Code::unavailable, "a write failed: the server has no memory left");
}

Result<void> RocksdbState::checkpoint(const std::string& folder) const try {
  if (!has_space(0)) return fail(Code::storage_full, "the data disk is nearly full");
  return database()->checkpoint(folder);
} catch (const std::exception&) {
  return fail(Code::unavailable, "the server has no memory left for a copy");
}

Result<void> RocksdbState::reopen() try {
  const std::scoped_lock writer(writer_);
  if (poison_.load() == Condition::healthy) return {};
  if (poison_.load() == Condition::failed) return fail(Code::unavailable, "the storage failed for good: the server must be restarted");
  space_checked_ = std::numeric_limits<std::int64_t>::min();
  // Recovery writes a table of what lies in the log.
  if (!has_space(std::min<std::uint64_t>(options_.memtable_bytes, total_.load() / 4)))
    return fail(Code::storage_full, "the data disk has no space yet");
  database()->close();
  if (auto opened = open(); !opened) {
    if (opened.error().code != Code::storage_full) poison_ = Condition::failed;
    return opened;
  }
  poison_ = Condition::healthy;
  return {};
} catch (const std::exception& e) {
  return fail(Code::storage_full, fmt::format("the storage cannot be opened again yet: {}", e.what()));
}

}  // namespace

Result<std::unique_ptr<State>> open_rocksdb_state_on(RocksdbOptions options, std::shared_ptr<rocksdb::FileSystem> machine) try {
  auto encryption = TRY(FileEncryption::make(options.file_key));
  auto folder = TRY(DataFolder::open(options.path));
  auto state = std::make_unique<RocksdbState>(std::move(options), std::move(folder), std::move(encryption), std::move(machine));
  CHECK_OK(state->open());
  return state;
} catch (const std::exception& e) {
  return fail(Code::unavailable, fmt::format("the storage cannot be opened: {}", e.what()));
}

Result<std::unique_ptr<State>> open_rocksdb_state(RocksdbOptions options) {
  return open_rocksdb_state_on(std::move(options), rocksdb::FileSystem::Default());
}

}  // namespace coffer::storage
