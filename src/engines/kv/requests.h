#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "backend/listing.h"
#include "schema/endpoint.h"

// What the version 2 endpoints ask for.
namespace coffer::kv {

using schema::field;
using schema::inlined;

struct Named {
  std::string_view path;
  static constexpr auto fields() { return schema::Fields{schema::path<&Named::path>("path", "Name of the secret.")}; }
};
// A write to a path that means nothing here.
struct StrayWrite {
  std::string_view path;
  schema::RawObject body;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&StrayWrite::path>("path", "Name of the secret."), schema::whole<&StrayWrite::body>("Not looked at.")};
  }
};
struct ReadVersion {
  std::string_view path;
  std::int64_t version = 0;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&ReadVersion::path>("path", "Name of the secret."),
                      field<&ReadVersion::version>("version", "Which version; 0 is the newest.").open()};
  }
};
struct ReadSubkeys {
  std::string_view path;
  std::int64_t version = 0, depth = 0;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&ReadSubkeys::path>("path", "Name of the secret."),
                      field<&ReadSubkeys::version>("version", "Which version; 0 is the newest.").open(),
                      field<&ReadSubkeys::depth>("depth", "How deep to look; 0 is without limit.").open()};
  }
};
struct WriteOptions {
  schema::RawJson cas;
  static constexpr auto fields() {
    return schema::Fields{field<&WriteOptions::cas>("cas", "The version that this one is to replace; 0: there is none yet.").open()};
  }
};
struct WriteData {
  std::string_view path;
  schema::RawObjectOrNull data;
  WriteOptions options;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&WriteData::path>("path", "Name of the secret."), field<&WriteData::data>("data", "The value."),
                      field<&WriteData::options>("options", "Conditions of the write.")};
  }
};
struct Versions {
  std::string_view path;
  std::vector<std::int64_t> versions;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&Versions::path>("path", "Name of the secret."),
                      field<&Versions::versions>("versions", "Numbers of the versions.").open()};
  }
};
struct ListFolder {
  std::string_view path;
  schema::Page page;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&ListFolder::path>("path", "Folder to list."), inlined<&ListFolder::page>()};
  }
};
struct ConfigChange {
  std::optional<std::int64_t> max_versions;
  std::optional<bool> cas_required, metadata_cas_required;
  std::optional<Duration> delete_version_after;
  static constexpr auto fields() {
    using T = ConfigChange;
    return schema::Fields{
        field<&T::max_versions>("max_versions", "How many versions of each secret are kept; 0 is 10.").open(),
        field<&T::cas_required>("cas_required", "Whether each write must name the version that it replaces.").open(),
        field<&T::metadata_cas_required>("metadata_cas_required", "Whether each change of metadata must name the one that it replaces.")
            .open(),
        field<&T::delete_version_after>("delete_version_after", "How long after its writing a version is deleted; negative: never.")
            .open()};
  }
};
struct ConfigReply {
  bool cas_required = false;
  Duration delete_version_after{0};
  std::int64_t max_versions = 0;
  bool metadata_cas_required = false;
  static constexpr auto fields() {
    using T = ConfigReply;
    return schema::Fields{
        field<&T::cas_required>("cas_required", "Whether each write must name the version that it replaces.").open(),
        field<&T::delete_version_after>("delete_version_after", "How long after its writing a version is deleted.").open(),
        field<&T::max_versions>("max_versions", "How many versions of each secret are kept; 0 is 10.").open(),
        field<&T::metadata_cas_required>("metadata_cas_required", "Whether each change of metadata must name the one that it replaces.")
            .open()};
  }
};
struct MetadataChange {
  std::string_view path;
  std::optional<std::int64_t> max_versions;
  std::optional<bool> cas_required, metadata_cas_required;
  std::optional<Seconds> delete_version_after;
  schema::RawObjectOrNull custom_metadata;
  std::optional<std::int64_t> metadata_cas;
  static constexpr auto fields() {
    using T = MetadataChange;
    return schema::Fields{
        schema::path<&T::path>("path", "Name of the secret."),
        field<&T::max_versions>("max_versions", "How many versions are kept; 0 leaves it to the mount.").open(),
        field<&T::cas_required>("cas_required", "Whether each write must name the version that it replaces.").open(),
        field<&T::metadata_cas_required>("metadata_cas_required", "Whether each change of metadata must name the one that it replaces.")
            .open(),
        field<&T::delete_version_after>("delete_version_after", "How long after its writing a version is deleted.").open(),
        field<&T::custom_metadata>("custom_metadata", "The caller's own marks of the secret: texts by name."),
        field<&T::metadata_cas>("metadata_cas", "The version of the metadata that this change is to replace.").open()};
  }
};
// A merge patch: null resets a member.
struct MetadataPatch {
  MetadataChange change;
  schema::RawObject body;
  static constexpr auto fields() {
    return schema::Fields{inlined<&MetadataPatch::change>(), schema::whole<&MetadataPatch::body>("The patch.")};
  }
};

}  // namespace coffer::kv
