#include "storage/rocksdb/inspection.h"

#include <fmt/format.h>
#include <rocksdb/wal_filter.h>

namespace coffer::storage {
namespace {

// Takes the head out of a batch: its first record.
class HeadReader final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t /*family*/, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (key.empty()) head = decode_head({value.data(), value.size()});
    done_ = true;
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t /*family*/, const rocksdb::Slice& /*key*/) override {
    done_ = true;
    return rocksdb::Status::OK();
  }
  bool Continue() override { return !done_; }

  Result<Head> head = fail(Code::corrupt, "a batch without its position");

 private:
  bool done_ = false;
};

// Follows the positions in the logs, and keeps the batches from being replayed.
class PositionFollower final : public rocksdb::WalFilter {
 public:
  WalProcessingOption LogRecordFound(unsigned long long /*number*/, const std::string& file, const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* /*new_batch*/, bool* /*changed*/) override {
    HeadReader reader;
    const bool read = batch.Iterate(&reader).ok() && reader.head;
    const Position position = read ? reader.head->position : 0;
    if (!first) first = position;
    if (gap.empty() && (!read || (last && position != *last + 1))) gap = file.substr(file.rfind('/') + 1);
    if (first_file.empty()) first_file = file.substr(file.rfind('/') + 1);
    last = position;
    return WalProcessingOption::kIgnoreCurrentRecord;
  }
  [[nodiscard]] const char* Name() const override { return "CofferPositionFollower"; }

  std::optional<Position> first;
  std::optional<Position> last;
  std::string first_file;
  std::string gap;  // the log before whose batch one is missing
};

Error missing(std::string_view where) {
  return {Code::corrupt, fmt::format("the stored data has a gap: {}. A file of the data folder is damaged, restore it, or the folder, from a "
                                     "backup", where)};
}

}  // namespace

Result<Position> inspect(const RocksdbOptions& options, const DataFolder& folder, const EncryptedFiles& files) {
  PositionFollower follower;
  rocksdb::Options tuned = tuned_options(options);
  tuned.env = files.env.get();
  tuned.wal_filter = &follower;
  tuned.max_open_files = 64;  // the head alone is read: most tables are not needed
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(tuned, folder.path(), &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return std::unexpected(open_error(status, folder, files));
  const Head tables = TRY(head_at(*db, nullptr));
  if (!follower.gap.empty()) return std::unexpected(missing("batches are missing before or in the log " + follower.gap));
  if (follower.first && *follower.first > tables.position + 1) {
    const auto manifests = folder.files_with("MANIFEST");
    return std::unexpected(missing(fmt::format("the tables that {} names end at position {}, the log {} begins at {}",
                                               manifests.empty() ? "the MANIFEST" : manifests.back(), tables.position, follower.first_file,
                                               *follower.first)));
  }
  return std::max(tables.position, follower.last.value_or(0));
}

}  // namespace coffer::storage
