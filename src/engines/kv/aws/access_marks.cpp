#include "engines/kv/aws/access_marks.h"

#include "base/record.h"

namespace coffer::kv::aws {
namespace {

std::int64_t day_of(Time now) { return std::chrono::floor<std::chrono::days>(now).time_since_epoch().count(); }

}  // namespace

std::string marks_key(std::string_view path) { return "a/" + std::string(path); }

std::string encode(const DayBySeq& days) {
  RecordWriter out(1);
  for (const auto& [seq, day] : days) out.number(seq).integer(day);
  return std::move(out.bytes());
}

Result<DayBySeq> decode_days(std::string_view record) {
  RecordReader in(record);
  DayBySeq out;
  bool fine = in.number() == 1;
  while (fine && in.ok() && !in.at_end()) {
    const std::uint64_t seq = in.number();
    out[seq] = in.integer();
  }
  if (!fine || !in.ok()) return fail(Code::corrupt, "the marks of a stored secret are damaged");
  return out;
}

void AccessMarks::touch(const Caller& caller, std::string_view path, std::uint64_t seq) {
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
  std::int64_t& day = found->second.days[seq];
  if (day >= today) return;
  day = today;
  found->second.fresh = true;
  found->second.taken = false;
}

Result<DayBySeq> AccessMarks::of(const Caller& caller, const Snapshot& view, std::string_view path) const {
  DayBySeq out;
  if (const auto stored = TRY(view.get(marks_key(path)))) out = TRY(decode_days(stored->reveal_text()));
  if (caller.mount == nullptr) return out;
  const Shard& shard = shards_[shard_of(path)];
  const std::scoped_lock lock(shard.mutex);
  const auto mount = shard.mounts.find(caller.mount->id);
  if (mount == shard.mounts.end()) return out;
  if (const auto found = mount->second.find(std::string(path)); found != mount->second.end())
    for (const auto& [seq, day] : found->second.days) out[seq] = std::max(out[seq], day);
  return out;
}

Result<void> AccessMarks::write(const MountId& mount, Transaction& view) {
  for (Shard& shard : shards_) {
    std::map<std::string, DayBySeq> fresh;
    {
      const std::scoped_lock lock(shard.mutex);
      const auto found = shard.mounts.find(mount);
      if (found == shard.mounts.end()) continue;
      for (auto& [path, marks] : found->second)
        if (marks.fresh) {
          fresh.emplace(path, marks.days);
          marks.taken = true;
        }
    }
    for (auto& [path, days] : fresh) {
      if (!TRY(view.get("o/" + path))) continue;
      if (const auto stored = TRY(view.get(marks_key(path))))
        for (const auto& [seq, day] : TRY(decode_days(stored->reveal_text()))) days[seq] = std::max(days[seq], day);
      CHECK_OK(view.put(marks_key(path), encode(days)));
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
