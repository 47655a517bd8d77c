#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "backend/caller.h"
#include "engines/kv/model.h"
#include "storage/view.h"

// When secrets were last read, to the day. Marks never join a request (design.md §3): they are kept in memory, shown over what is stored, and
// written together every few seconds.
namespace coffer::kv::aws {

// Days since 1970 by version number.
using DayBySeq = std::map<std::uint64_t, std::int64_t>;

// Of one object: another one that came to its path later, made at another time, was not read by that. Older records do not say when theirs was made, and went
// with it.
struct AccessDays {
  Time created = never;
  DayBySeq days;
  bool operator==(const AccessDays&) const = default;
};

class AccessMarks {
 public:
  // A read of a version of the object that was made at `created`. Cheap when that day is marked already.
  void touch(const Caller& caller, std::string_view path, Time created, std::uint64_t seq);
  // What is stored of an object, with what is in memory over it.
  [[nodiscard]] Result<DayBySeq> of(const Caller& caller, const Snapshot& view, std::string_view path, Time created) const;
  // Writes what is new of this mount; called again where the transaction conflicts. Marks of objects that are gone are dropped.
  [[nodiscard]] Result<void> write(const MountId& mount, Transaction& view);
  // Told when that has been committed: those marks need not be written again.
  void written(const MountId& mount);
  [[nodiscard]] bool pending(const MountId& mount) const;

 private:
  struct Marks {
    AccessDays read;
    bool fresh = true;   // not written yet
    bool taken = false;  // in the transaction that is under way
  };
  using Objects = std::unordered_map<std::string, Marks>;
  static constexpr std::size_t shard_count = 16, per_shard = 4096;
  struct Shard {
    mutable std::mutex mutex;
    std::map<MountId, Objects> mounts;
  };
  [[nodiscard]] static std::size_t shard_of(std::string_view path) { return std::hash<std::string_view>{}(path) % shard_count; }
  std::array<Shard, shard_count> shards_;
};

// The key that an object's marks lie under.
[[nodiscard]] std::string marks_key(std::string_view path);
[[nodiscard]] std::string encode(const AccessDays& read);
[[nodiscard]] Result<AccessDays> decode_days(std::string_view record);

}  // namespace coffer::kv::aws
