#include "storage/rocksdb/database.h"

#include <fmt/format.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/utilities/checkpoint.h>

#include "base/log.h"
#include "storage/listing.h"

namespace coffer::storage {
namespace {

// The head lies under the one key that no record can have, in the same batch as the records.
// version (1) ‖ position ‖ epoch ‖ batch id (8 each, little-endian)
const rocksdb::Slice head_key("", 0);
constexpr char head_version = 1;
constexpr std::size_t head_size = 25;

std::string encode_head(const Head& head) {
  std::string out(1, head_version);
  for (const std::uint64_t word : {head.position, head.epoch, head.batch}) {
    for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>((word >> shift) & 0xffU));
  }
  return out;
}

std::uint64_t word_at(std::string_view bytes, std::size_t at) {
  std::uint64_t out = 0;
  for (std::size_t i = 8; i-- > 0;) out = (out << 8U) | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

Error closed() { return {Code::unavailable, "the storage was closed or opened again meanwhile: try again"}; }

}  // namespace

std::string describe(const rocksdb::Status& status, const std::string& folder) {
  std::string out = status.ToString();
  const std::string prefix = folder + "/";
  for (auto at = out.find(prefix); at != std::string::npos; at = out.find(prefix, at)) out.erase(at, prefix.size());
  if (const auto nul = out.find('\0'); nul != std::string::npos) out.resize(nul);
  return out;
}

bool is_damage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.ToString().find("damaged file header") != std::string::npos;
}

Error read_error(const rocksdb::Status& status) {
  log::error("storage: a read failed: {}", status.ToString());
  if (is_damage(status)) return {Code::corrupt, "stored data fails its check: the server's log names the file"};
  return {Code::unavailable, "the storage cannot be read at the moment"};
}

class Database::Listener final : public rocksdb::EventListener {
 public:
  explicit Listener(FailureListener& target) : target_(target) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override { target_.failed(*status); }

 private:
  FailureListener& target_;
};

// A cursor over one view, between bounds; used while a Pass is held.
class Database::Cursor {
 public:
  Cursor(rocksdb::DB& db, const rocksdb::Snapshot* snapshot, std::string_view end) : end_(end) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    bound_ = slice(end_);
    if (!end_.empty()) options.iterate_upper_bound = &bound_;
    iterator_.reset(db.NewIterator(options));
  }
  Result<bool> seek(std::string_view from) {
    // The head's own key comes before all others.
    iterator_->Seek(from.empty() ? rocksdb::Slice("\0", 1) : slice(from));
    return valid();
  }
  Result<bool> next() {
    iterator_->Next();
    return valid();
  }
  [[nodiscard]] std::string_view key() const { return view(iterator_->key()); }
  [[nodiscard]] std::string_view value() const { return view(iterator_->value()); }

 private:
  Result<bool> valid() {
    if (iterator_->Valid()) return true;
    if (!iterator_->status().ok()) return std::unexpected(read_error(iterator_->status()));
    return false;
  }
  const std::string end_;
  rocksdb::Slice bound_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class Database::View final : public ReadView {
 public:
  View(std::shared_ptr<Database> database, const rocksdb::Snapshot* snapshot, Position position)
      : database_(std::move(database)), snapshot_(snapshot), position_(position) {}
  ~View() override {
    if (snapshot_) database_->release(snapshot_);
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] Position position() const override { return position_; }
  [[nodiscard]] Result<bool> get(std::string_view key, std::string& value) const override try {
    if (key.empty()) return false;
    const Gate::Pass pass(database_->gate_);
    if (!pass || !snapshot_) return std::unexpected(closed());
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    rocksdb::PinnableSlice found;
    const rocksdb::Status status = database_->db_->Get(options, database_->db_->DefaultColumnFamily(), slice(key), &found);
    if (status.IsNotFound()) return false;
    if (!status.ok()) return std::unexpected(read_error(status));
    value.assign(found.data(), found.size());
    return true;
  } catch (const std::bad_alloc&) {
    return fail(Code::unavailable, "the server has no memory left for this request");
  }
  [[nodiscard]] Result<std::vector<std::string>> children(std::string_view prefix, char delimiter, std::string_view after,
                                                          std::size_t limit) const override try {
    const Gate::Pass pass(database_->gate_);
    if (!pass || !snapshot_) return std::unexpected(closed());
    Cursor cursor(*database_->db_, snapshot_, end_of_prefix(prefix));
    return list_children(cursor, prefix, delimiter, after, limit);
  } catch (const std::bad_alloc&) {
    return fail(Code::unavailable, "the server has no memory left for this request");
  }
  [[nodiscard]] Result<std::vector<Change>> scan(std::string_view from, std::string_view end, std::size_t limit) const override try {
    std::vector<Change> out;
    if (!end.empty() && from >= end) return out;
    const Gate::Pass pass(database_->gate_);
    if (!pass || !snapshot_) return std::unexpected(closed());
    if (limit == 0) limit = default_page;
    Cursor cursor(*database_->db_, snapshot_, end);
    for (bool found = TRY(cursor.seek(from)); found; found = TRY(cursor.next())) {
      out.push_back({std::string(cursor.key()), std::string(cursor.value())});
      if (out.size() == limit) break;
    }
    return out;
  } catch (const std::bad_alloc&) {
    return fail(Code::unavailable, "the server has no memory left for this request");
  }

 private:
  const std::shared_ptr<Database> database_;
  const rocksdb::Snapshot* const snapshot_;  // null when the database was closed already
  const Position position_;
};

EncryptedFiles::EncryptedFiles(std::shared_ptr<rocksdb::FileSystem> machine, const std::shared_ptr<FileEncryption>& encryption)
    : last_read(std::make_shared<LastRead>()),
      env(rocksdb::NewCompositeEnv(rocksdb::NewEncryptedFS(make_private_files(std::move(machine), last_read), encryption))) {}

namespace {

// The first table that fails its checksums; empty when none does.
std::string damaged_table(const DataFolder& folder, const EncryptedFiles& files) {
  rocksdb::Options options;
  options.env = files.env.get();
  for (const std::string& table : folder.files_with(".sst")) {
    rocksdb::SstFileReader reader(options);
    if (!reader.Open(folder.path() + "/" + table).ok() || !reader.VerifyChecksum().ok()) return table;
  }
  return {};
}

}  // namespace

Error open_error(const rocksdb::Status& status, const DataFolder& folder, const EncryptedFiles& files) {
  if (status.IsNoSpace()) return {Code::storage_full, "the data disk is full"};
  std::string text = describe(status, folder.path());
  if (!is_damage(status) && !status.IsNotFound() && !status.IsPathNotFound()) {
    return {Code::unavailable, fmt::format("the storage cannot be opened: {}", text)};
  }
  const std::string last_read = files.last_read->get();
  if (text.find(".sst") == std::string::npos) {
    const std::string table = damaged_table(folder, files);
    if (!table.empty()) {
      text += ", met in " + table;
    } else if (text.find(last_read) == std::string::npos) {
      text += ", met in " + last_read;
    }
  }
  return {Code::corrupt, fmt::format("the stored data is damaged ({}): restore the file, or the data folder, from a backup", text)};
}

Result<std::shared_ptr<Database>> Database::open(const RocksdbOptions& options, const DataFolder& folder, EncryptedFiles files,
                                                 FailureListener& listener, bool create) {
  std::shared_ptr<Database> out(new Database(std::move(files)));
  out->listener_ = std::make_shared<Listener>(listener);
  rocksdb::Options tuned = tuned_options(options);
  tuned.create_if_missing = create;
  tuned.env = out->files_.env.get();
  tuned.listeners.push_back(out->listener_);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(tuned, folder.path(), &db);
  out->db_.reset(db);
  if (!status.ok()) return std::unexpected(open_error(status, folder, out->files_));
  return out;
}

rocksdb::Status Database::write(const Batch& batch, const Head& head, bool sync) {
  const Gate::Pass pass(gate_);
  if (!pass) return rocksdb::Status::Aborted("closed");
  rocksdb::WriteBatch records;
  // First, so that who walks the log finds it at once.
  rocksdb::Status status = records.Put(head_key, encode_head(head));
  if (!status.ok()) return status;
  for (const Change& change : batch.changes) {
    if (change.key.empty()) return rocksdb::Status::InvalidArgument("an empty key");
    status = change.value ? records.Put(slice(change.key), slice(*change.value)) : records.Delete(slice(change.key));
    if (!status.ok()) return status;
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  return db_->Write(options, &records);
}

Result<Head> Database::read_head() {
  const Gate::Pass pass(gate_);
  return pass ? head_at(*db_, nullptr) : std::unexpected(closed());
}

Result<Head> decode_head(std::string_view bytes) {
  if (bytes.size() != head_size || bytes[0] != head_version) {
    return fail(Code::corrupt, "the stored data is of another version of this server, or damaged");
  }
  return Head{word_at(bytes, 1), word_at(bytes, 9), word_at(bytes, 17)};
}

Result<Head> head_at(rocksdb::DB& db, const rocksdb::Snapshot* snapshot) {
  std::string bytes;
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const rocksdb::Status status = db.Get(options, head_key, &bytes);
  if (status.IsNotFound()) return Head{};
  if (!status.ok()) return std::unexpected(read_error(status));
  return decode_head(bytes);
}

std::shared_ptr<const ReadView> Database::snapshot() {
  const Gate::Pass pass(gate_);
  if (!pass) return std::make_shared<View>(shared_from_this(), nullptr, 0);
  const rocksdb::Snapshot* const snapshot = db_->GetSnapshot();
  {
    const std::scoped_lock lock(snapshots_mutex_);
    snapshots_.insert(snapshot);
  }
  // The position comes from the snapshot itself, so that it fits whatever is written meanwhile.
  const auto head = head_at(*db_, snapshot);
  return std::make_shared<View>(shared_from_this(), head ? snapshot : nullptr, head ? head->position : 0);
}

void Database::release(const rocksdb::Snapshot* snapshot) {
  const std::scoped_lock lock(snapshots_mutex_);
  if (snapshots_.erase(snapshot) > 0) db_->ReleaseSnapshot(snapshot);
}

Result<void> Database::checkpoint(const std::string& folder) {
  const Gate::Pass pass(gate_);
  if (!pass) return std::unexpected(closed());
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> owned(made);
  if (status.ok()) status = owned->CreateCheckpoint(folder);
  if (status.ok()) return {};
  log::error("storage: a checkpoint failed: {}", status.ToString());
  if (status.IsNoSpace()) return fail(Code::storage_full, "the disk has no space for a copy");
  if (status.IsInvalidArgument()) return fail(Code::invalid_argument, "the folder for the copy exists already");
  return fail(Code::unavailable, "the copy could not be made: the server's log says why");
}

void Database::close() {
  gate_.shut();
  const std::scoped_lock lock(snapshots_mutex_);
  if (!db_) return;
  for (const rocksdb::Snapshot* const snapshot : snapshots_) db_->ReleaseSnapshot(snapshot);
  snapshots_.clear();
  const rocksdb::Status status = db_->Close();
  if (!status.ok()) log::warn("storage: closing: {}", status.ToString());
  db_.reset();
}

}  // namespace coffer::storage
