#include "base/json.h"
#include "engines/kv/kv2.h"
#include "storage/limits.h"

// Reading and writing values.
namespace coffer::kv {
namespace {

// What Azure's clients have disabled cannot be read by any API.
std::unexpected<Error> disabled() { return fail(Code::permission_denied, "this version of the secret is disabled"); }

// When the version counts as deleted: by itself, or with its object (through another door).
Time deleted_at(const Object& object, const Version& version) {
  return object.state == State::deleted ? object.deleted_at : version.deleted_at;
}

bool readable(const Object& object, const Version& version, Time now) {
  return object.state == State::active && !version.destroyed && !version.deleted(now);
}

// The keys of a value, with null for each that has none below it. `depth` 0 is without limit.
void write_subkeys(json::Writer& out, json::Value value, std::int64_t depth) {
  out.begin_object();
  for (const auto& [name, member] : value.members()) {
    out.key(name);
    if (member.is_object() && member.size() > 0 && depth != 1)
      write_subkeys(out, member, depth == 0 ? 0 : depth - 1);
    else
      out.null();
  }
  out.end_object();
}

// The reply to a write: the metadata of the version that is now current.
schema::Reply written(const Object& object, int status = 200) {
  Kept<VersionMetadata> out{describe_version(object, object.current)};
  out.first = SecretBytes::copy_of(object.custom_metadata.packed());
  out.view.custom_metadata = PackedMap(out.first.reveal_text());
  return schema::to_reply(schema::Answer<Kept<VersionMetadata>>{std::move(out), {}, status});
}

struct Found {
  LoadedObject object;
  LoadedVersion version;
};
// The version asked for (0 or less: the newest), or nothing.
Result<std::optional<Found>> find(const Snapshot& view, std::string_view path, Time now, std::int64_t seq) {
  auto object = TRY(load(view, path, now));
  if (!object) return std::optional<Found>();
  const std::uint64_t wanted = seq > 0 ? static_cast<std::uint64_t>(seq) : object->object.current.seq;
  auto version = TRY(load_version(view, path, object->object, wanted));
  if (!version || wanted == 0) return std::optional<Found>();
  return std::optional(Found{*std::move(object), *std::move(version)});
}

}  // namespace

Result<void> check_cas(const schema::RawJson& cas, bool required, std::uint64_t current) {
  if (cas.text.empty()) {
    if (required) return invalid("check-and-set parameter required for this call");
    return {};
  }
  const auto document = json::Document::parse(cas.text);
  const bool numeric = document && (document->root().is_number() || (document->root().is_string() && !document->root().text().empty()));
  const auto number = numeric ? schema::decode_int(document->root()) : Result<std::int64_t>(invalid(""));
  if (!number) return invalid("error parsing check-and-set parameter");
  if (*number < 0 || static_cast<std::uint64_t>(*number) != current)
    return invalid("check-and-set parameter did not match the current version");
  return {};
}

Result<void> check_active(const Object& object) {
  if (!object.aws.empty() && !TRY(aws::decode_facet(object.aws)).replica_of.empty())
    return invalid("this secret is a replica of one in another region: write that one");
  if (object.state == State::active) return {};
  return invalid(
      "this secret is marked for deletion by another API: restore it there first, or delete its metadata to free the name at once");
}

VersionMetadata describe_version(const Object& object, const Version& version) {
  VersionMetadata out;
  out.created_time = version.created;
  out.custom_metadata = object.custom_metadata;
  out.deletion_time.time = deleted_at(object, version);
  out.destroyed = version.destroyed;
  out.version = static_cast<std::int64_t>(version.seq);
  return out;
}

schema::Reply empty_not_found() { return schema::to_reply(schema::Raw{"application/json", "", 404}); }

// The hottest path: one get, one pass over the record, no copy of the value before it is encoded.
Kv2::Maybe<Kept<SecretVersion>> Kv2::read_data(const Caller& caller, const Snapshot& view, const ReadVersion& in) {
  Maybe<Kept<SecretVersion>> out(std::in_place);
  if (names_folder(caller)) return out;
  LoadedObject object;
  if (!TRY(load_into(view, in.path, caller.now, nullptr, object)) || object.object.current.seq == 0) return out;
  LoadedVersion former;
  const Version* version = &object.object.current;
  if ((in.version > 0 && static_cast<std::uint64_t>(in.version) != version->seq) || version->apart) {
    auto found = TRY(load_version(view, in.path, object.object, in.version > 0 ? static_cast<std::uint64_t>(in.version) : version->seq));
    if (!found) return out;
    former = *std::move(found);
    version = &former.version;
  }
  schema::Answer<Kept<SecretVersion>>& answer = out->emplace();
  answer.value.view.metadata = describe_version(object.object, *version);
  if (readable(object.object, *version, caller.now)) {
    if (!version->enabled) [[unlikely]] return disabled();
    if (version->apart) CHECK_OK(load_bytes(view, in.path, former));
    answer.value.view.data = Value{version->bytes, version->media};
  } else {
    answer.status = 404;
  }
  answer.value.first = std::move(object.record);
  answer.value.second = std::move(former.record);
  answer.value.third = std::move(former.bytes);
  return out;
}

Result<schema::Reply> Kv2::write_data(const Caller& caller, Transaction& view, const WriteData& in) {
  if (names_folder(caller) || in.path.empty()) return invalid("cannot write to a path ending in '/'");
  if (in.data.text.empty()) return invalid("no data provided");
  if (in.data.text.size() > largest_value) return fail(Code::too_large, "the secret is larger than 8 MiB");
  const MountConfig config = TRY(load_config(view));
  auto found = TRY(load_to_write(view, in.path, caller.now, &config));
  LoadedObject object = found ? *std::move(found) : LoadedObject{};
  CHECK_OK(check_active(object.object));
  CHECK_OK(check_cas(in.options.cas, config.cas_required || object.object.cas_required, object.object.current.seq));
  const std::string uuid = aws::make_version_uuid(random_, object.object.last() + 1);
  Version next;
  next.uuid = uuid;
  next.bytes = in.data.text;
  CHECK_OK(add_version(view, in.path, object, config, next, caller.now));
  return written(object.object);
}

Result<schema::Reply> Kv2::patch_data(const Caller& caller, Transaction& view, const WriteData& in) {
  if (in.data.text.empty() || in.data.text == "null") return invalid("no data provided");
  if (names_folder(caller)) return empty_not_found();
  const MountConfig config = TRY(load_config(view));
  auto object = TRY(load_to_write(view, in.path, caller.now, &config));
  if (!object || object->object.current.seq == 0) return empty_not_found();
  CHECK_OK(check_cas(in.options.cas, config.cas_required || object->object.cas_required, object->object.current.seq));
  LoadedVersion current;
  current.version = object->object.current;
  if (!readable(object->object, current.version, caller.now)) return written(object->object, 404);
  if (!current.version.enabled) return disabled();
  CHECK_OK(load_bytes(view, in.path, current));
  if (current.version.media != Media::json) return invalid("this secret is no JSON object, so it cannot be patched; write it whole");
  const json::Document before = TRY(json::Document::parse(current.version.bytes));
  const json::Document patch = TRY(json::Document::parse(in.data.text));
  const std::string merged = json::merge_patch(before.root(), patch.root());
  const std::string uuid = aws::make_version_uuid(random_, object->object.last() + 1);
  Version next;
  next.uuid = uuid;
  next.bytes = merged;
  CHECK_OK(add_version(view, in.path, *object, config, next, caller.now));
  return written(object->object);
}

Kv2::Maybe<Kept<Subkeys>> Kv2::read_subkeys(const Caller& caller, const Snapshot& view, const ReadSubkeys& in) {
  std::optional<schema::Answer<Kept<Subkeys>>> out;
  if (names_folder(caller)) return out;
  if (in.depth < 0) return invalid("depth must not be negative");
  auto found = TRY(find(view, in.path, caller.now, in.version));
  if (!found) return out;
  auto& [object, version] = *found;
  out.emplace();
  out->value.view.metadata = describe_version(object.object, version.version);
  if (readable(object.object, version.version, caller.now)) {
    if (!version.version.enabled) return disabled();
    CHECK_OK(load_bytes(view, in.path, version));
    std::string shown;  // what the read endpoint shows, whatever door wrote it
    json::Writer writer(shown);
    schema::Codec<Value>::encode(writer, Value{version.version.bytes, version.version.media});
    const json::Document value = TRY(json::Document::parse(shown));
    json::Writer keys(out->value.view.subkeys.text);
    if (value.root().is_object()) write_subkeys(keys, value.root(), in.depth);
  } else {
    out->status = 404;
  }
  out->value.first = std::move(object.record);
  return out;
}

Result<bool> Kv2::exists(const Caller& caller, const Snapshot& view, const Named& in) { return TRY(load(view, in.path, caller.now)).has_value(); }

}  // namespace coffer::kv
