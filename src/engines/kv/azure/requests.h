#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/endpoint.h"

// What the operations ask for (REST reference of Key Vault, secrets). Members of bodies have Azure's names; "version" is the last segment of the URL and
// "maxresults", "$skiptoken" and "api-version" are parameters of its query. What is absent is told from what is empty.
namespace coffer::kv::azure {

using schema::field;

struct OneSecret {
  std::string_view path;
  static constexpr auto fields() { return schema::Fields{schema::path<&OneSecret::path>("path", "Where the secret lies.")}; }
};
struct AttributesGiven {
  std::optional<bool> enabled;
  std::optional<std::int64_t> not_before, expires;
  static constexpr auto fields() {
    using T = AttributesGiven;
    return schema::Fields{field<&T::enabled>("enabled", "Whether the version can be read.").open(),
                      field<&T::not_before>("nbf", "From when on it is meant to be used, in seconds since 1970.").open(),
                      field<&T::expires>("exp", "Until when it is meant to be used.").open()};
  }
};
// The members that a new version and a change of one have alike.
struct Marks {
  std::optional<std::string> content_type;
  std::optional<schema::StringMap> tags;
  std::optional<AttributesGiven> attributes;
  static constexpr auto fields() {
    using T = Marks;
    return schema::Fields{field<&T::content_type>("contentType", "What kind of value it is, in the caller's words.").open(),
                      field<&T::tags>("tags", "Tags of the version."),
                      field<&T::attributes>("attributes", "What the version may be used for.")};
  }
};
struct SetSecret {
  std::string_view path;
  std::optional<SecretBytes> value;
  Marks marks;
  static constexpr auto fields() {
    using T = SetSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."), field<&T::value>("value", "The value, a text."),
                      schema::inlined<&T::marks>()};
  }
};
struct UpdateSecret {
  std::string_view path;
  std::string version;
  Marks marks;
  static constexpr auto fields() {
    using T = UpdateSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::version>("version", "Which version; the current one when empty.").open(), schema::inlined<&T::marks>()};
  }
};
struct GetSecret {
  std::string_view path;
  std::string version;
  static constexpr auto fields() {
    using T = GetSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::version>("version", "Which version; the current one when empty.").open()};
  }
};
struct ListPage {
  std::string_view path;
  std::optional<std::int64_t> max_results;
  std::string skip_token, api_version;
  static constexpr auto fields() {
    using T = ListPage;
    return schema::Fields{schema::path<&T::path>("path", "Where the secrets lie."),
                      field<&T::max_results>("maxresults", "At most so many, 1 to 25.").open(),
                      field<&T::skip_token>("$skiptoken", "Where to go on.").open(),
                      field<&T::api_version>("api-version", "Version of the API, for the link to the next page.").open()};
  }
};
struct RestoreSecret {
  std::string value;
  static constexpr auto fields() { return schema::Fields{field<&RestoreSecret::value>("value", "What the backup answered.")}; }
};
struct VaultChange {
  std::optional<std::int64_t> soft_delete_days;
  std::optional<bool> purge_protection;
  static constexpr auto fields() {
    using T = VaultChange;
    return schema::Fields{
        field<&T::soft_delete_days>("soft_delete_days", "How long deleted secrets can be recovered, 7 to 90 days.").open(),
        field<&T::purge_protection>("purge_protection", "Whether nobody can purge them sooner. Never turned off again.").open()};
  }
};

}  // namespace coffer::kv::azure
