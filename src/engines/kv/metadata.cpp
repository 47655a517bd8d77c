#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "engines/kv/kv2.h"

// Settings and marks of a secret, without its values.
namespace coffer::kv {
namespace {

using Marks = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t max_marks = 64, max_mark_name = 128, max_mark_value = 512;
constexpr std::string_view bad_marks = "custom_metadata validation failed: ";

bool printable(std::string_view text) {
  if (!valid_utf8(text)) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return false;
    if (c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return true;
}

// All that is wrong with the marks, in Vault's words.
Result<void> check_marks(const Marks& marks) {
  std::vector<std::string> faults;
  if (marks.size() > max_marks)
    faults.push_back(fmt::format("payload must contain at most {} keys, provided {}", max_marks, marks.size()));
  else
    for (const auto& [name, value] : marks) {
      const std::string quoted = json::quoted(name);
      if (name.empty() || name.size() > max_mark_name)
        faults.push_back(fmt::format("length of key {} is {} but must be 0 < len(key) <= {}", quoted, name.size(), max_mark_name));
      if (value.empty() || value.size() > max_mark_value)
        faults.push_back(
            fmt::format("length of value for key {} is {} but must be 0 < len(value) <= {}", quoted, value.size(), max_mark_value));
      if (!printable(name)) faults.push_back(fmt::format("key {} contains unprintable characters", quoted));
      if (!printable(value)) faults.push_back(fmt::format("value for key {} contains unprintable characters", quoted));
    }
  if (faults.empty()) return {};
  std::string text = faults.size() == 1 ? "1 error occurred:" : fmt::format("{} errors occurred:", faults.size());
  for (const auto& fault : faults) text.append("\n\t* ").append(bad_marks).append(fault);
  return invalid(text + "\n\n");
}

// Reads marks from the caller's object. In a patch null removes a mark, and the others stay.
Result<void> take_marks(Marks& marks, std::string_view text, bool patch) {
  if (!patch) marks.clear();
  const json::Document document = TRY(json::Document::parse(text));
  for (const auto& [name, member] : document.root().members()) {
    if (patch && member.is_null()) {
      if (const auto old = marks.find(name); old != marks.end()) marks.erase(old);
      continue;
    }
    auto value = schema::decode_string(member);
    if (!value) return invalid(std::string(bad_marks) + value.error().message);
    marks.insert_or_assign(std::string(name), *std::move(value));
  }
  return check_marks(marks);
}

Result<void> check_metadata_cas(const MetadataChange& in, const LoadedObject* object, const MountConfig& config) {
  const bool required = config.metadata_cas_required || (object != nullptr && object->object.metadata_cas_required);
  if (!in.metadata_cas) {
    if (required) return invalid("metadata check-and-set parameter required for this call");
    return {};
  }
  if (object == nullptr) {
    if (*in.metadata_cas != 0) return invalid("metadata_cas must be 0 when creating new metadata");
    return {};
  }
  if (*in.metadata_cas < 0 || static_cast<std::uint64_t>(*in.metadata_cas) != object->object.metadata_seq)
    return invalid("metadata check-and-set parameter does not match the current version");
  return {};
}

std::vector<std::string> warnings_of(const MetadataChange& in, const MountConfig& config) {
  std::vector<std::string> out;
  if (config.cas_required && in.cas_required && !*in.cas_required)
    out.emplace_back("\"cas_required\" set to false, but is mandated by backend config. This value will be ignored.");
  if (config.delete_version_after > Duration(0) && in.delete_version_after && *in.delete_version_after > config.delete_version_after)
    out.push_back(
        fmt::format("\"delete_version_after\" is longer than the mount's ({}), which applies.", go_duration(config.delete_version_after)));
  return out;
}

// Applies what the caller sent. `marks` holds the memory of the packed marks.
Result<void> apply(const MetadataChange& in, Object& object, bool patch, std::string& packed) {
  if (in.max_versions) object.max_versions = number_kept(*in.max_versions);
  if (in.cas_required) object.cas_required = *in.cas_required;
  if (in.metadata_cas_required) object.metadata_cas_required = *in.metadata_cas_required;
  if (in.delete_version_after) object.delete_version_after = *in.delete_version_after;
  if (in.custom_metadata.text.empty() || (!patch && in.custom_metadata.text == "null")) return {};
  Marks marks = object.custom_metadata.unpack();
  if (in.custom_metadata.text == "null")
    marks.clear();
  else
    CHECK_OK(take_marks(marks, in.custom_metadata.text, patch));
  packed = PackedMap::pack(marks);
  object.custom_metadata = PackedMap(packed);
  return {};
}

Result<void> store(Transaction& view, const Caller& caller, std::string_view path, LoadedObject& object) {
  if (object.object.created == never) object.object.created = caller.now;
  object.object.updated = caller.now;
  ++object.object.metadata_seq;
  return save(view, path, object);
}

}  // namespace

Result<ObjectMetadata> describe_object(const Snapshot& view, std::string_view name, const Object& object) {
  ObjectMetadata out;
  out.cas_required = object.cas_required;
  out.created_time = object.created;
  out.current_metadata_version = static_cast<std::int64_t>(object.metadata_seq);
  out.current_version = static_cast<std::int64_t>(object.current.seq);
  out.custom_metadata = object.custom_metadata;
  out.delete_version_after = object.delete_version_after;
  out.max_versions = object.max_versions;
  out.metadata_cas_required = object.metadata_cas_required;
  out.oldest_version = static_cast<std::int64_t>(object.oldest);
  out.updated_time = object.updated;
  for (std::uint64_t seq = object.first(); seq <= object.last(); ++seq) {
    const auto loaded = TRY(load_version(view, name, object, seq));
    if (!loaded) continue;
    const Version& version = loaded->version;
    out.versions.emplace(std::to_string(seq), VersionTimes{version.created, {version.deleted_at}, version.destroyed});
  }
  return out;
}

Result<std::optional<Kept<ObjectMetadata>>> Kv2::read_metadata(const Caller& caller, const Snapshot& view, const Named& in) {
  std::optional<Kept<ObjectMetadata>> out;
  if (names_folder(caller)) return out;
  auto object = TRY(load(view, in.path, caller.now));
  if (!object) return out;
  out.emplace(Kept<ObjectMetadata>{TRY(describe_object(view, in.path, object->object))});
  out->first = std::move(object->record);
  return out;
}

Result<schema::Answer<schema::Nothing>> Kv2::write_metadata(const Caller& caller, Transaction& view, const MetadataChange& in) {
  if (names_folder(caller) || in.path.empty()) return invalid("cannot write to a path ending in '/'");
  const MountConfig config = TRY(load_config(view));
  auto found = TRY(load_to_write(view, in.path, caller.now, &config));
  CHECK_OK(check_metadata_cas(in, found ? &*found : nullptr, config));
  LoadedObject object = found ? *std::move(found) : LoadedObject{};
  CHECK_OK(check_active(object.object));
  std::string packed;
  CHECK_OK(apply(in, object.object, false, packed));
  CHECK_OK(store(view, caller, in.path, object));
  return schema::Answer<schema::Nothing>{{}, warnings_of(in, config)};
}

Result<schema::Reply> Kv2::patch_metadata(const Caller& caller, Transaction& view, const MetadataPatch& in) {
  if (names_folder(caller)) return empty_not_found();
  const MountConfig config = TRY(load_config(view));
  auto object = TRY(load_to_write(view, in.change.path, caller.now, &config));
  if (!object) return empty_not_found();
  CHECK_OK(check_active(object->object));
  CHECK_OK(check_metadata_cas(in.change, &*object, config));
  if (!in.body.text.empty()) {
    const json::Document body = TRY(json::Document::parse(in.body.text));
    const auto reset = [&](std::string_view name) {
      const auto member = body.root().find(name);
      return member && member->is_null();
    };
    if (reset("max_versions")) object->object.max_versions = 0;
    if (reset("cas_required")) object->object.cas_required = false;
    if (reset("metadata_cas_required")) object->object.metadata_cas_required = false;
    if (reset("delete_version_after")) object->object.delete_version_after = Duration(0);
  }
  std::string packed;
  CHECK_OK(apply(in.change, object->object, true, packed));
  CHECK_OK(store(view, caller, in.change.path, *object));
  return schema::to_reply(schema::Answer<schema::Nothing>{{}, warnings_of(in.change, config)});
}

Result<schema::Nothing> Kv2::delete_metadata(const Caller& caller, Transaction& view, const Named& in) {
  if (names_folder(caller)) return schema::Nothing{};
  auto object = TRY(load_to_write(view, in.path, caller.now));
  if (!object) return schema::Nothing{};
  if (!object->object.aws.empty()) {
    const aws::Facet facet = TRY(aws::decode_facet(object->object.aws));
    if (!facet.replicas.empty() || !facet.replica_of.empty())
      return invalid("this secret is replicated between regions: end its replication by the API that began it, then delete it");
  }
  const azure::Vault vault = TRY(azure::load_vault(view));
  if (!vault.purge_protection) {
    CHECK_OK(remove(view, in.path, *object));
    return schema::Nothing{};
  }
  // What nobody may purge is kept for its time.
  if (object->object.state == State::deleted) return invalid("purge protection is on for this mount: the secret goes at the end of its retention period");
  CHECK_OK(delete_until(view, in.path, *object, caller.now, std::chrono::days(vault.soft_delete_days)));
  return schema::Nothing{};
}

}  // namespace coffer::kv
