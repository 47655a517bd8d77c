#include "engines/kv/model.h"

namespace coffer::kv {
namespace {

constexpr std::uint64_t format = 1;

std::unexpected<Error> corrupt() { return fail(Code::corrupt, "a stored secret cannot be read: its record is damaged"); }

void append(RecordWriter& out, const Version& v) {
  const unsigned flags = (v.enabled ? 1u : 0u) | (v.destroyed ? 2u : 0u) | (v.apart ? 4u : 0u);
  out.number(v.seq).number(flags).number(static_cast<std::uint64_t>(v.media)).time(v.created).time(v.updated).time(v.deleted_at);
  out.time(v.not_before).time(v.expires).text(v.uuid).text(v.client_token).text(v.content_type);
  out.text(v.tags.packed()).text(v.stages.packed()).text(v.apart ? std::string_view() : v.bytes);
}

bool take(RecordReader& in, Version& v) {
  v.seq = in.number();
  const std::uint64_t flags = in.number(), media = in.number();
  v.enabled = (flags & 1) != 0;
  v.destroyed = (flags & 2) != 0;
  v.apart = (flags & 4) != 0;
  v.media = static_cast<Media>(media);
  v.created = in.time();
  v.updated = in.time();
  v.deleted_at = in.time();
  v.not_before = in.time();
  v.expires = in.time();
  v.uuid = in.text();
  v.client_token = in.text();
  v.content_type = in.text();
  v.tags = PackedMap(in.text());
  v.stages = PackedMap(in.text());
  v.bytes = in.text();
  return in.ok() && flags < 8 && media <= 2 && !(v.apart && !v.bytes.empty()) && v.tags.well_formed() && v.stages.well_formed();
}

}  // namespace

std::map<std::string, std::string, std::less<>> PackedMap::unpack() const {
  std::map<std::string, std::string, std::less<>> out;
  each([&](std::string_view name, std::string_view value) { out.insert_or_assign(std::string(name), std::string(value)); });
  return out;
}

std::string PackedMap::pack(const std::map<std::string, std::string, std::less<>>& map) {
  std::string out;
  for (const auto& [name, value] : map) {
    RecordWriter entry(name.size());  // a text is its length and its bytes
    entry.bytes().append(name);
    entry.text(value);
    out += entry.bytes();
  }
  return out;
}

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
  const unsigned flags = (o.state == State::deleted ? 1u : 0u) | (o.cas_required ? 2u : 0u) | (o.metadata_cas_required ? 4u : 0u);
  out.bytes().reserve(160 + o.custom_metadata.packed().size() + o.tags.packed().size() + o.current.bytes.size());
  out.number(flags).time(o.deleted_at).time(o.purge_at).integer(o.retention.count()).text(o.tags.packed()).text(o.description);
  out.text(o.custom_metadata.packed()).number(o.max_versions).integer(o.delete_version_after.count()).number(o.metadata_seq);
  out.time(o.created).time(o.updated).number(o.oldest);
  append(out, o.current);
  return std::move(out.bytes());
}

Result<Object> decode_object(std::string_view record) {
  RecordReader in(record);
  Object o;
  if (in.number() != format) return corrupt();
  const std::uint64_t flags = in.number();
  o.state = (flags & 1) != 0 ? State::deleted : State::active;
  o.cas_required = (flags & 2) != 0;
  o.metadata_cas_required = (flags & 4) != 0;
  o.deleted_at = in.time();
  o.purge_at = in.time();
  o.retention = Seconds(in.integer());
  o.tags = PackedMap(in.text());
  o.description = in.text();
  o.custom_metadata = PackedMap(in.text());
  const std::uint64_t max_versions = in.number();
  o.max_versions = static_cast<std::uint32_t>(max_versions);
  o.delete_version_after = Duration(in.integer());
  o.metadata_seq = in.number();
  o.created = in.time();
  o.updated = in.time();
  o.oldest = in.number();
  if (!take(in, o.current) || !in.at_end() || flags > 7 || max_versions > 0xffffffffu || !o.tags.well_formed() ||
      !o.custom_metadata.well_formed() || o.oldest > o.current.seq)
    return corrupt();
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
