#include "engines/kv/model.h"

namespace coffer::kv {
namespace {

constexpr std::uint64_t format = 1;

std::unexpected<Error> corrupt() { return fail(Code::corrupt, "a stored secret cannot be read: its record is damaged"); }

// Times that are absent take no room; their presence is told by flags.
class Times {
 public:
  Times(RecordReader& in, std::uint64_t flags) : in_(in), flags_(flags) {}
  void take(std::uint64_t flag, Time& t) { t = (flags_ & flag) != 0 ? in_.fixed_time() : never; }

 private:
  RecordReader& in_;
  std::uint64_t flags_;
};
std::uint64_t flag_if(std::uint64_t flag, bool on) { return on ? flag : 0; }

// Flags of a version. Records of old hold not_before and expires in nanoseconds, which end in the year 2262; both forms are read.
constexpr std::uint64_t v_enabled = 1, v_destroyed = 2, v_apart = 4, v_deleted_at = 8, v_old_not_before = 16, v_old_expires = 32,
                        v_updated = 64, v_labelled = 128, v_not_before = 256, v_expires = 512, v_all = 1023;

void append(RecordWriter& out, const Version& v) {
  const bool labelled =
      !v.client_token.empty() || !v.content_type.empty() || !v.tags.empty() || !v.kms_key.empty() || v.media != Media::json;
  out.number(v.seq).number(flag_if(v_enabled, v.enabled) | flag_if(v_destroyed, v.destroyed) | flag_if(v_apart, v.apart) |
                           flag_if(v_deleted_at, v.deleted_at != never) | flag_if(v_updated, v.updated != v.created) |
                           flag_if(v_labelled, labelled) | flag_if(v_not_before, v.not_before.has_value()) |
                           flag_if(v_expires, v.expires.has_value()));
  out.fixed_time(v.created);
  if (v.updated != v.created) out.fixed_time(v.updated);
  if (v.deleted_at != never) out.fixed_time(v.deleted_at);
  for (const auto& seconds : {v.not_before, v.expires})
    if (seconds) out.integer(*seconds);
  out.text(v.uuid);
  if (labelled) {
    out.number(static_cast<std::uint64_t>(v.media)).text(v.client_token).text(v.content_type);
    out.text(v.tags.packed()).text(v.kms_key);
  }
  out.text(v.apart ? std::string_view() : v.bytes);
}

void take_seconds(RecordReader& in, bool in_nanoseconds, bool in_seconds, std::optional<std::int64_t>& out) {
  if (in_nanoseconds) out = unix_seconds(in.fixed_time());
  if (in_seconds) out = in.integer();
}

bool take(RecordReader& in, Version& v) {
  v.seq = in.number();
  const std::uint64_t flags = in.number();
  v.enabled = (flags & v_enabled) != 0;
  v.destroyed = (flags & v_destroyed) != 0;
  v.apart = (flags & v_apart) != 0;
  v.created = v.updated = in.fixed_time();
  if ((flags & v_updated) != 0) v.updated = in.fixed_time();
  Times times(in, flags);
  times.take(v_deleted_at, v.deleted_at);
  take_seconds(in, (flags & v_old_not_before) != 0, (flags & v_not_before) != 0, v.not_before);
  take_seconds(in, (flags & v_old_expires) != 0, (flags & v_expires) != 0, v.expires);
  v.uuid = in.text();
  if ((flags & v_labelled) != 0) {
    const std::uint64_t media = in.number();
    if (media > 2) return false;
    v.media = static_cast<Media>(media);
    v.client_token = in.text();
    v.content_type = in.text();
    v.tags = PackedMap(in.text());
    v.kms_key = in.text();
    if (!v.tags.well_formed()) return false;
  }
  v.bytes = in.text();
  return in.ok() && flags <= v_all && !(v.apart && !v.bytes.empty());
}

// Flags of an object.
constexpr std::uint64_t o_deleted = 1, o_cas_required = 2, o_metadata_cas_required = 4, o_deleted_at = 8, o_purge_at = 16, o_updated = 32,
                        o_described = 64, o_newest = 128, o_aws = 256, o_all = 511;

}  // namespace

std::map<std::string, std::string, std::less<>> PackedMap::unpack() const {
  std::map<std::string, std::string, std::less<>> out;
  each([&](std::string_view name, std::string_view value) { out.insert_or_assign(std::string(name), std::string(value)); });
  return out;
}

namespace {
template <class Pairs>
std::string pack_pairs(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    RecordWriter entry(name.size());  // a text is its length and its bytes
    entry.bytes().append(name);
    entry.text(value);
    out += entry.bytes();
  }
  return out;
}
}  // namespace

std::string PackedMap::pack(const std::map<std::string, std::string, std::less<>>& map) { return pack_pairs(map); }
std::string PackedMap::pack_in_order(const std::vector<std::pair<std::string, std::string>>& pairs) { return pack_pairs(pairs); }

bool PackedMap::well_formed() const {
  RecordReader in(packed_);
  while (!in.at_end()) {
    (void)in.text();
    (void)in.text();
    if (!in.ok()) return false;
  }
  return in.ok();
}

std::string encode(const Object& o) {
  RecordWriter out(format);
  out.bytes().reserve(160 + o.custom_metadata.packed().size() + o.tags.packed().size() + o.aws.size() + o.current.bytes.size());
  const bool described = !o.tags.empty() || !o.description.empty() || o.retention != Seconds(0);
  out.number(flag_if(o_deleted, o.state == State::deleted) | flag_if(o_cas_required, o.cas_required) |
             flag_if(o_metadata_cas_required, o.metadata_cas_required) | flag_if(o_deleted_at, o.deleted_at != never) |
             flag_if(o_purge_at, o.purge_at != never) | flag_if(o_updated, o.updated != o.created) | flag_if(o_described, described) |
             flag_if(o_newest, o.newest > o.current.seq) | flag_if(o_aws, !o.aws.empty()));
  out.fixed_time(o.created);
  if (o.updated != o.created) out.fixed_time(o.updated);
  for (const Time t : {o.deleted_at, o.purge_at})
    if (t != never) out.fixed_time(t);
  if (described) out.text(o.tags.packed()).text(o.description).integer(o.retention.count());
  if (o.newest > o.current.seq) out.number(o.newest);
  if (!o.aws.empty()) out.text(o.aws);
  out.text(o.custom_metadata.packed())
      .number(o.max_versions)
      .integer(o.delete_version_after.count())
      .number(o.metadata_seq)
      .number(o.oldest);
  append(out, o.current);
  return std::move(out.bytes());
}

bool decode_into(std::string_view record, Object& o) {
  RecordReader in(record);
  if (in.number() != format) return false;
  const std::uint64_t flags = in.number();
  o.state = (flags & o_deleted) != 0 ? State::deleted : State::active;
  o.cas_required = (flags & o_cas_required) != 0;
  o.metadata_cas_required = (flags & o_metadata_cas_required) != 0;
  o.created = o.updated = in.fixed_time();
  if ((flags & o_updated) != 0) o.updated = in.fixed_time();
  Times times(in, flags);
  times.take(o_deleted_at, o.deleted_at);
  times.take(o_purge_at, o.purge_at);
  if ((flags & o_described) != 0) {
    o.tags = PackedMap(in.text());
    o.description = in.text();
    o.retention = Seconds(in.integer());
    if (!o.tags.well_formed()) return false;
  }
  if ((flags & o_newest) != 0) o.newest = in.number();
  if ((flags & o_aws) != 0) o.aws = in.text();
  o.custom_metadata = PackedMap(in.text());
  const std::uint64_t max_versions = in.number();
  o.max_versions = static_cast<std::uint32_t>(max_versions);
  o.delete_version_after = Duration(in.integer());
  o.metadata_seq = in.number();
  o.oldest = in.number();
  return take(in, o.current) && in.at_end() && flags <= o_all && max_versions <= 0xffffffffu && o.custom_metadata.well_formed() &&
         o.oldest <= o.last();
}

Result<Object> decode_object(std::string_view record) {
  Object o;
  if (!decode_into(record, o)) return corrupt();
  return o;
}

std::string encode(const Version& version) {
  RecordWriter out(format);
  out.bytes().reserve(96 + version.bytes.size());
  append(out, version);
  return std::move(out.bytes());
}

Result<Version> decode_version(std::string_view record) {
  RecordReader in(record);
  Version v;
  if (in.number() != format || !take(in, v) || !in.at_end()) return corrupt();
  return v;
}

std::string encode(const MountConfig& c) {
  RecordWriter out(format);
  const unsigned flags = (c.cas_required ? 1u : 0u) | (c.metadata_cas_required ? 2u : 0u) | (c.was_v1 ? 4u : 0u);
  out.number(flags).number(c.max_versions).integer(c.delete_version_after.count()).time(c.upgraded);
  return std::move(out.bytes());
}

Result<MountConfig> decode_config(std::string_view record) {
  RecordReader in(record);
  MountConfig c;
  if (in.number() != format) return corrupt();
  const std::uint64_t flags = in.number();
  c.cas_required = (flags & 1) != 0;
  c.metadata_cas_required = (flags & 2) != 0;
  c.was_v1 = (flags & 4) != 0;
  const std::uint64_t max_versions = in.number();
  c.max_versions = static_cast<std::uint32_t>(max_versions);
  c.delete_version_after = Duration(in.integer());
  c.upgraded = in.time();
  if (!in.ok() || !in.at_end() || flags > 7 || max_versions > 0xffffffffu) return corrupt();
  return c;
}

std::string encode(const PlainSecret& secret) {
  RecordWriter out(format);
  out.bytes().reserve(16 + secret.body.size());
  out.number(secret.has_lease ? 1 : 0).integer(secret.lease.count()).text(secret.body);
  return std::move(out.bytes());
}

Result<PlainSecret> decode_plain(std::string_view record) {
  RecordReader in(record);
  PlainSecret s;
  if (in.number() != format) return corrupt();
  const std::uint64_t flags = in.number();
  s.has_lease = flags == 1;
  s.lease = Seconds(in.integer());
  s.body = in.text();
  if (!in.ok() || !in.at_end() || flags > 1) return corrupt();
  return s;
}

}  // namespace coffer::kv
