#pragma once
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "engines/kv/model.h"
#include "schema/reply.h"

// What the version 2 endpoints answer. Texts are views into records, which travel with the reply (Kept).
namespace coffer::kv {

// "" when there is none.
struct OptionalTime {
  Time time = never;
};
// A secret's value as Vault's API shows it: a JSON object as it came, or null; what AWS or Azure wrote as {"value": text}.
struct Value {
  std::string_view bytes;
  Media media = Media::json;
};

}  // namespace coffer::kv

namespace coffer::schema {

template <>
struct Codec<kv::OptionalTime> {
  static constexpr WireType wire{"string", "date-time"};
  static Result<kv::OptionalTime> decode(json::Value v) { return kv::OptionalTime{TRY(Codec<Time>::decode(v))}; }
  static void encode(json::Writer& w, kv::OptionalTime t) {
    if (t.time == kv::never)
      w.string("");
    else
      Codec<Time>::encode(w, t.time);
  }
};
template <>
struct Codec<kv::Value> {
  static constexpr WireType wire{"object"};
  static Result<kv::Value> decode(json::Value v) { return kv::Value{v.raw()}; }
  static void encode(json::Writer& w, const kv::Value& v) {
    if (v.media == kv::Media::text)  // may be empty: Azure's API allows that
      w.begin_object().key("value").string(v.bytes).end_object();
    else if (v.bytes.empty())
      w.null();
    else if (v.media == kv::Media::json)
      w.raw(v.bytes);
    else
      w.begin_object().key("value").string(base64_encode(v.bytes)).end_object();
  }
};
template <>
struct Codec<kv::PackedMap> {
  static constexpr WireType wire{"object", "string"};
  static Result<kv::PackedMap> decode(json::Value) { return kv::PackedMap(); }
  static void encode(json::Writer& w, kv::PackedMap map) {
    if (map.empty()) {
      w.null();
      return;
    }
    w.begin_object();
    map.each([&](std::string_view name, std::string_view value) { w.foreign_key(name).string(value); });
    w.end_object();
  }
};

}  // namespace coffer::schema

namespace coffer::kv {

using schema::field;

struct VersionMetadata {
  Time created_time{};
  PackedMap custom_metadata;
  OptionalTime deletion_time;
  bool destroyed = false;
  std::int64_t version = 0;
  static constexpr auto fields() {
    using T = VersionMetadata;
    return schema::Fields{field<&T::created_time>("created_time", "When this version was written.").open(),
                      field<&T::custom_metadata>("custom_metadata", "The caller's own marks of the secret."),
                      field<&T::deletion_time>("deletion_time", "When this version was, or will be, deleted.").open(),
                      field<&T::destroyed>("destroyed", "Whether the value is gone for good.").open(),
                      field<&T::version>("version", "Number of this version, from 1.").open()};
  }
};
struct SecretVersion {
  Value data;
  VersionMetadata metadata;
  static constexpr auto fields() {
    return schema::Fields{field<&SecretVersion::data>("data", "The value, as it was written."),
                      field<&SecretVersion::metadata>("metadata", "What is known of this version.")};
  }
};
struct Subkeys {
  schema::RawJson subkeys;
  VersionMetadata metadata;
  static constexpr auto fields() {
    return schema::Fields{field<&Subkeys::subkeys>("subkeys", "The value's keys, with null in place of each value."),
                      field<&Subkeys::metadata>("metadata", "What is known of this version.")};
  }
};
struct VersionTimes {
  Time created_time{};
  OptionalTime deletion_time;
  bool destroyed = false;
  static constexpr auto fields() {
    using T = VersionTimes;
    return schema::Fields{field<&T::created_time>("created_time", "When this version was written.").open(),
                      field<&T::deletion_time>("deletion_time", "When this version was, or will be, deleted.").open(),
                      field<&T::destroyed>("destroyed", "Whether the value is gone for good.").open()};
  }
};
struct ObjectMetadata {
  bool cas_required = false;
  Time created_time{};
  std::int64_t current_metadata_version = 0, current_version = 0;
  PackedMap custom_metadata;
  Duration delete_version_after{0};
  std::int64_t max_versions = 0;
  bool metadata_cas_required = false;
  std::int64_t oldest_version = 0;
  Time updated_time{};
  std::map<std::string, VersionTimes, std::less<>> versions;
  static constexpr auto fields() {
    using T = ObjectMetadata;
    return schema::Fields{
        field<&T::cas_required>("cas_required", "Whether each write must name the version that it replaces.").open(),
        field<&T::created_time>("created_time", "When the secret was made.").open(),
        field<&T::current_metadata_version>("current_metadata_version", "How often the metadata changed.").open(),
        field<&T::current_version>("current_version", "Number of the newest version.").open(),
        field<&T::custom_metadata>("custom_metadata", "The caller's own marks of the secret."),
        field<&T::delete_version_after>("delete_version_after", "How long after its writing a version is deleted.").open(),
        field<&T::max_versions>("max_versions", "How many versions are kept; 0 leaves it to the mount.").open(),
        field<&T::metadata_cas_required>("metadata_cas_required", "Whether each change of metadata must name the one that it replaces.")
            .open(),
        field<&T::oldest_version>("oldest_version", "The oldest version that is kept.").open(),
        field<&T::updated_time>("updated_time", "When the secret last changed.").open(),
        field<&T::versions>("versions", "The versions that are kept, by number.").open(),
    };
  }
};

// A reply and the memory that its views point into. Moving it leaves that memory in place.
template <class View>
struct Kept {
  View view;
  SecretBytes first = {}, second = {}, third = {};
};

}  // namespace coffer::kv

namespace coffer::schema {

template <class View>
struct Codec<kv::Kept<View>> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const kv::Kept<View>& kept) { schema::encode(w, kept.view); }
};
template <class View>
struct ReplyFields<kv::Kept<View>> : ReplyFields<View> {};

}  // namespace coffer::schema
