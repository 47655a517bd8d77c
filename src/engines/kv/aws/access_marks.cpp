#include "engines/kv/aws/access_marks.h"

#include "base/record.h"

namespace coffer::kv::aws {
namespace {

constexpr std::uint64_t format = 2, without_created = 1;

// Adds what was stored of the same object.
Result<void> merge_stored(const Snapshot& view, std::string_view path, AccessDays& read) {
  const auto record = TRY(view.get(marks_key(path)));
  if (!record) return {};
  const AccessDays stored = TRY(decode_days(record->reveal_text()));
  if (stored.created != never && stored.created != read.created) return {};
  for (const auto& [seq, day] : stored.days) {
    std::int64_t& last = read.days[seq];
    last = std::max(last, day);
  }
  return {};
}

std::int64_t day_of(Time now) { return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count(); }

}  // namespace

std::string marks_key(std::string_view path) { return "a/" + std::string(path); }

std::string encode(const AccessDays& read) {
  RecordWriter out(format);
  out.time(read.created);
  for (const auto& [seq, day] : read.days) out.number(seq).integer(day);
  return std::move(out.bytes());
}

Result<AccessDays> decode_days(std::string_view record) {
  RecordReader in(record);
  AccessDays out;
  const std::uint64_t written = in.number();
  const bool fine = written == format || written == without_created;
  if (written == format) out.created = in.time();
  while (fine && in.ok() && !in.at_end()) {
    const std::uint64_t seq = in.number();
    out.days[seq] = in.integer();
  }
  if (!fine || !in.ok()) return fail(Code::corrupt, "the marks of a stored secret are damaged");
  return out;
}

void AccessMarks::touch(const Caller& caller, std::string_view path, Time created, std::uint64_t seq) {
  if (caller.mount == nullptr) return;
  Shard& shard = shards_[shard_of(path)];
  const std::int64_t today = day_of(caller.now);
  const std::scoped_lock lock(shard.mutex);
  Objects& objects = shard.mounts[caller.mount->id];
  auto found = objects.find(std::string(path));
  if (found == objects.end()) {
    // What has been written can be forgotten; beyond that a mark is lost rather than memory.
    if (objects.size() >= per_shard) std::erase_if(objects, [](const auto& entry) { return !entry.second.fresh; });
    if (objects.size() >= per_shard) return;
    found = objects.emplace(std::string(path), Marks{}).first;
  }
  if (found->second.read.created != created) found->second = Marks{{created, {}}};
  std::int64_t& day = found->second.read.days[seq];
  if (day >= today) return;
  day = today;
  found->second.fresh = true;
  found->second.taken = false;
}

Result<DayBySeq> AccessMarks::of(const Caller& caller, const Snapshot& view, std::string_view path, Time created) const {
  AccessDays read{created, {}};
  CHECK_OK(merge_stored(view, path, read));
  DayBySeq out = std::move(read.days);
  if (caller.mount == nullptr) return out;
  const Shard& shard = shards_[shard_of(path)];
  const std::scoped_lock lock(shard.mutex);
  const auto mount = shard.mounts.find(caller.mount->id);
  if (mount == shard.mounts.end()) return out;
  if (const auto found = mount->second.find(std::string(path)); found != mount->second.end() && found->second.read.created == created)
    for (const auto& [seq, day] : found->second.read.days) out[seq] = std::max(out[seq], day);
  return out;
}

Result<void> AccessMarks::write(const MountId& mount, Transaction& view) {
  for (Shard& shard : shards_) {
    std::map<std::string, AccessDays> fresh;
    {
      const std::scoped_lock lock(shard.mutex);
      const auto found = shard.mounts.find(mount);
      if (found == shard.mounts.end()) continue;
      for (auto& [path, marks] : found->second)
        if (marks.fresh) {
          fresh.emplace(path, marks.read);
          marks.taken = true;
        }
    }
    for (auto& [path, read] : fresh) {
      const auto record = TRY(view.get("o/" + path));
      if (!record || TRY(decode_object(record->reveal_text())).created != read.created) continue;
      CHECK_OK(merge_stored(view, path, read));
      CHECK_OK(view.put(marks_key(path), encode(read)));
    }
  }
  return {};
}

void AccessMarks::written(const MountId& mount) {
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.mounts.find(mount);
    if (found == shard.mounts.end()) continue;
    for (auto& [path, marks] : found->second)
      if (std::exchange(marks.taken, false)) marks.fresh = false;
  }
}

bool AccessMarks::pending(const MountId& mount) const {
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.mounts.find(mount);
    if (found == shard.mounts.end()) continue;
    for (const auto& [path, marks] : found->second)
      if (marks.fresh) return true;
  }
  return false;
}

}  // namespace coffer::kv::aws
