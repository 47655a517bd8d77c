#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "base/utf8.h"
#include "engines/kv/aws/facet.h"
#include "engines/kv/azure/kv_azure.h"

// Setting, reading and changing versions.
namespace coffer::kv::azure {
namespace {

using schema::Verb;

constexpr std::size_t max_value = 25'600, max_content_type = 255, max_tags = 15, max_tag = 256;  // bytes, then characters (limits of Azure)
constexpr std::int64_t latest = 253'402'300'799;                                                 // the end of the year 9999

Result<void> check_time(const std::optional<std::int64_t>& seconds, std::string_view name) {
  if (!seconds || (*seconds >= 0 && *seconds <= latest)) return {};
  return bad_parameter("Property " + std::string(name) + " has invalid value\r\n");
}

Result<void> check(const Marks& marks) {
  if (marks.content_type && utf8_length(*marks.content_type) > max_content_type)
    return bad_parameter("The content type is longer than 255 characters.");
  if (marks.tags) {
    if (marks.tags->size() > max_tags) return bad_parameter("A secret can have at most 15 tags.");
    for (const auto& [name, value] : *marks.tags)
      if (utf8_length(name) > max_tag || utf8_length(value) > max_tag)
        return bad_parameter("Names and values of tags have at most 256 characters.");
  }
  if (!marks.attributes) return {};
  CHECK_OK(check_time(marks.attributes->not_before, "nbf"));
  return check_time(marks.attributes->expires, "exp");
}

// Sets what is given; `tags` is the memory of the packed ones.
void apply(const Marks& marks, Version& version, std::string& tags) {
  if (marks.content_type) version.content_type = *marks.content_type;
  if (marks.tags) {
    tags = PackedMap::pack(*marks.tags);
    version.tags = PackedMap(tags);
  }
  if (!marks.attributes) return;
  if (marks.attributes->enabled) version.enabled = *marks.attributes->enabled;
  if (marks.attributes->not_before) version.not_before = *marks.attributes->not_before;
  if (marks.attributes->expires) version.expires = *marks.attributes->expires;
}

// A text that is a JSON object is one for Vault's API too.
Media media_of(std::string_view text) {
  if (!text.starts_with('{')) return Media::text;
  const auto document = json::Document::parse(text);
  return document && document->root().is_object() ? Media::json : Media::text;
}

}  // namespace

Result<bool> KvAzure::exists(const Caller& caller, const Snapshot& view, const OneSecret& in) {
  if (!legal_name(name_of(caller, in.path))) return false;
  if (TRY(load(view, in.path, caller.now))) return true;
  for (const std::string& other : TRY(other_spellings(view, in.path)))
    if (TRY(load(view, other, caller.now))) return true;
  return false;
}

Result<KvAzure::KeptBundle> KvAzure::set(const Caller& caller, Transaction& view, const SetSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  CHECK_OK(check_name(name_of(caller, in.path)));
  if (!in.value) return bad_parameter("Property value is missing in the request body.");
  if (in.value->size() > max_value) return bad_parameter("The value is longer than 25600 bytes.");
  CHECK_OK(check(in.marks));

  const MountConfig config = TRY(load_config(view));
  CHECK_OK(load_to_write(view, in.path, caller.now, &config));  // removes what has lapsed
  auto found = TRY(look(caller, view, in.path, "data", Verb::write));
  Secret secret = found ? *std::move(found) : Secret{std::string(in.path), std::string(name_of(caller, in.path)), {}};
  Object& object = secret.object();
  if (object.state == State::deleted) return is_deleted(secret.name);
  if (!object.aws.empty() && !TRY(aws::decode_facet(object.aws)).replica_of.empty()) return is_replicated(secret.name);
  if (object.max_versions == 0 && config.max_versions == 0) object.max_versions = kept_versions;

  const std::string uuid = aws::make_version_uuid(random_, object.last() + 1);
  std::string tags;
  Version next;
  next.uuid = uuid;
  next.bytes = in.value->reveal_text();
  next.media = media_of(next.bytes);
  apply(in.marks, next, tags);
  CHECK_OK(add_version(view, secret.path, secret.loaded, config, next, caller.now));

  LoadedVersion version;
  version.version = object.current;
  KeptBundle out = bundle(caller, vault, std::move(secret), std::move(version));
  out.second = in.value->clone();
  out.view.value.value = out.second.reveal_text();
  return out;
}

Result<KvAzure::KeptBundle> KvAzure::get(const Caller& caller, const Snapshot& view, const GetSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  auto secret = TRY(look(caller, view, in.path, "data", Verb::read));
  if (!secret || !shows(secret->object(), caller.now)) {
    const bool hidden = !secret || in.version.empty() || secret->object().state == State::deleted;
    if (hidden) return no_such_secret(name_of(caller, in.path), in.version);
  }
  auto version = TRY(find_version(view, *secret, in.version, caller.now));
  if (!version) return no_such_secret(secret->name, in.version);
  if (!version->version.enabled) return is_disabled("get");
  const Version v = version->version;
  KeptBundle out = bundle(caller, vault, *std::move(secret), *std::move(version));
  if (v.media == Media::binary) {
    // AWS's binary values: in base64, as their content type tells.
    const std::string text = base64_encode(v.bytes);
    out.third = SecretBytes::copy_of(text);
    out.view.value.value = out.third.reveal_text();
    if (!out.view.content_type.value) out.view.content_type.value = "application/octet-stream";
  } else {
    out.view.value.value = v.bytes;
  }
  return out;
}

Result<KvAzure::KeptBundle> KvAzure::update(const Caller& caller, Transaction& view, const UpdateSecret& in) {
  const Vault vault = TRY(open_vault(caller, view));
  CHECK_OK(check(in.marks));
  auto secret = TRY(look(caller, view, in.path, "metadata", Verb::write));
  if (!secret || secret->object().state == State::deleted) return no_such_secret(name_of(caller, in.path), in.version);
  auto version = TRY(find_version(view, *secret, in.version, caller.now));
  if (!version) return no_such_secret(secret->name, in.version);
  std::string tags;
  apply(in.marks, version->version, tags);
  version->version.updated = caller.now;
  const std::uint64_t seq = version->version.seq;
  CHECK_OK(save_version(view, secret->path, secret->loaded, *version));

  auto changed = TRY(load_version(view, secret->path, secret->object(), seq));
  if (!changed) return fail(Code::internal, "what was written is not there");
  return bundle(caller, vault, *std::move(secret), *std::move(changed));
}

}  // namespace coffer::kv::azure
