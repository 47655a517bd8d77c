#include "engines/kv/aws/facet.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/record.h"
#include "crypto/hash.h"

namespace coffer::kv::aws {
namespace {

constexpr std::uint64_t format = 2, without_plan = 1;  // formats; the older one has neither Rotation::window nor Rotation::planned
constexpr std::uint64_t tagged_flag = 1, rotation_known_flag = 2, rotation_enabled_flag = 4, all_flags = 7;
constexpr std::uint64_t most = 100'000;  // entries of a list that a record may claim

void append(RecordWriter& out, const Rotation& r) {
  out.text(r.function).integer(r.rules.days).text(r.rules.duration).text(r.rules.schedule).time(r.last_rotated).time(r.next);
  out.number(r.external_metadata.size());
  for (const auto& [key, value] : r.external_metadata) out.text(key).text(value);
  out.text(r.external_role).time(r.window).time(r.planned);
}

bool take(RecordReader& in, Rotation& r, bool with_plan) {
  r.function = in.text();
  r.rules.days = in.integer();
  r.rules.duration = in.text();
  r.rules.schedule = in.text();
  r.last_rotated = in.time();
  r.next = in.time();
  const std::uint64_t count = in.number();
  if (count > most) return false;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    std::string key(in.text());
    r.external_metadata.emplace_back(std::move(key), std::string(in.text()));
  }
  r.external_role = in.text();
  if (with_plan) {
    r.window = in.time();
    r.planned = in.time();
  }
  return in.ok();
}

bool take_lists(RecordReader& in, Facet& f) {
  const std::uint64_t stages = in.number();
  if (stages > most) return false;
  for (std::uint64_t i = 0; i < stages && in.ok(); ++i) {
    Stage stage;
    stage.label = in.text();
    stage.seq = in.number();
    stage.id = in.text();
    f.stages.push_back(std::move(stage));
  }
  const std::uint64_t replicas = in.number();
  if (replicas > most) return false;
  for (std::uint64_t i = 0; i < replicas && in.ok(); ++i) {
    Replica replica;
    for (std::string* text : {&replica.region, &replica.kms_key, &replica.status, &replica.message}) *text = in.text();
    f.replicas.push_back(std::move(replica));
  }
  return in.ok();
}

std::string uuid_text(std::string_view bytes) {
  std::string hex = hex_encode(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, 1, '-');
  return hex;
}

}  // namespace

const Stage* Facet::find(std::string_view label) const {
  const auto found = std::ranges::find(stages, label, &Stage::label);
  return found == stages.end() ? nullptr : &*found;
}

void Facet::attach(std::string_view label, std::uint64_t seq, std::string_view id) {
  detach(label);
  stages.push_back({std::string(label), seq, std::string(id)});
}

void Facet::detach(std::string_view label) {
  std::erase_if(stages, [&](const Stage& stage) { return stage.label == label; });
}

std::vector<std::string> Facet::labels_of(std::uint64_t seq) const {
  std::vector<std::string> out;
  for (const Stage& stage : stages)
    if (stage.seq == seq) out.push_back(stage.label);
  return out;
}

bool Facet::holds(std::uint64_t seq) const { return std::ranges::find(stages, seq, &Stage::seq) != stages.end(); }

void Facet::current_leaves(std::uint64_t from, std::string_view id) {
  detach(previous_label);
  if (from == 0) return;
  attach(previous_label, from, id);
  if (const Stage* pending = find(pending_label); pending != nullptr && pending->seq == from) detach(pending_label);
}

std::string encode(const Facet& f) {
  RecordWriter out(format);
  out.number((f.tagged ? tagged_flag : 0) | (f.rotation.known ? rotation_known_flag : 0) |
             (f.rotation.enabled ? rotation_enabled_flag : 0));
  out.text(f.suffix).text(f.kms_key).text(f.type).text(f.owning_service).text(f.policy).text(f.primary_region).text(f.replica_of);
  out.number(f.stages.size());
  for (const Stage& stage : f.stages) out.text(stage.label).number(stage.seq).text(stage.id);
  out.number(f.replicas.size());
  for (const Replica& r : f.replicas) out.text(r.region).text(r.kms_key).text(r.status).text(r.message);
  append(out, f.rotation);
  return std::move(out.bytes());
}

Result<Facet> decode_facet(std::string_view packed) {
  Facet f;
  if (packed.empty()) return f;
  RecordReader in(packed);
  const std::uint64_t written_as = in.number();
  const bool known = written_as == format || written_as == without_plan;
  const std::uint64_t flags = in.number();
  f.tagged = (flags & tagged_flag) != 0;
  f.rotation.known = (flags & rotation_known_flag) != 0;
  f.rotation.enabled = (flags & rotation_enabled_flag) != 0;
  for (std::string* text : {&f.suffix, &f.kms_key, &f.type, &f.owning_service, &f.policy, &f.primary_region, &f.replica_of})
    *text = in.text();
  if (!known || flags > all_flags || !take_lists(in, f) || !take(in, f.rotation, written_as == format) || !in.at_end())
    return fail(Code::corrupt, "a stored secret cannot be read: its record is damaged");
  return f;
}

std::string version_id(const Version& version) {
  if (!version.client_token.empty()) return std::string(version.client_token);
  if (!version.uuid.empty()) return std::string(version.uuid);
  // A secret of a version 1 mount was given none: its number and time stand in.
  std::string bytes(16, '\0');
  const auto created = static_cast<std::uint64_t>(version.created.time_since_epoch().count());
  for (unsigned i = 0; i < 6; ++i) {
    bytes[i] = static_cast<char>((created >> (8 * i)) & 0xff);
    bytes[15 - i] = static_cast<char>((version.seq >> (8 * i)) & 0xff);
  }
  bytes[6] = static_cast<char>(0x80);
  bytes[8] = static_cast<char>(0x80);
  return uuid_text(bytes);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) return false;
  }
  return true;
}

std::string make_version_uuid(Random& random, std::uint64_t seq) {
  std::string bytes(16, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes.data(), 10)));
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0f) | 0x80);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3f) | 0x80);
  for (unsigned i = 0; i < 6; ++i) bytes[15 - i] = static_cast<char>((seq >> (8 * i)) & 0xff);
  return uuid_text(bytes);
}

std::uint64_t seq_of_uuid(std::string_view id) {
  if (id.size() != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' || id[14] != '8') return 0;
  std::uint64_t seq = 0;
  const auto [end, fault] = std::from_chars(id.data() + 24, id.data() + 36, seq, 16);
  return fault == std::errc() && end == id.data() + 36 ? seq : 0;
}

std::string derived_suffix(std::string_view name, Time created) {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const std::string when = std::to_string(created.time_since_epoch().count());
  const crypto::Digest256 digest = crypto::sha256({name, std::string_view("\0", 1), when});
  std::string out;
  for (std::size_t i = 0; i < 6; ++i) out.push_back(alphabet[std::to_integer<unsigned>(digest[i]) % alphabet.size()]);
  return out;
}

}  // namespace coffer::kv::aws
