#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engines/kv/replies.h"

// What the operations answer, in Azure's spelling.
namespace coffer::kv::azure {

using schema::field;
using schema::Omit;

struct Attributes {
  bool enabled = true;
  Omit<std::int64_t> not_before, expires;
  std::int64_t created = 0, updated = 0;
  std::string recovery_level;
  std::int64_t recoverable_days = 0;
  static constexpr auto fields() {
    using T = Attributes;
    return schema::Fields{field<&T::enabled>("enabled", "Whether the version can be read.").open(),
                      field<&T::not_before>("nbf", "From when on it is meant to be used, in seconds since 1970.").open(),
                      field<&T::expires>("exp", "Until when it is meant to be used.").open(),
                      field<&T::created>("created", "When the version was written.").open(),
                      field<&T::updated>("updated", "When the version was last changed.").open(),
                      field<&T::recovery_level>("recoveryLevel", "What can be done after a deletion.").open(),
                      field<&T::recoverable_days>("recoverableDays", "How long it can be recovered.").open()};
  }
};
// What bundles and items of lists tell of a deletion.
struct Deletion {
  Omit<std::string> recovery_id;
  Omit<std::int64_t> deleted, purge;
  static constexpr auto fields() {
    using T = Deletion;
    return schema::Fields{field<&T::recovery_id>("recoveryId", "URL by which the secret can be recovered.").open(),
                      field<&T::deleted>("deletedDate", "When it was deleted.").open(),
                      field<&T::purge>("scheduledPurgeDate", "Until when it can be recovered.").open()};
  }
};
struct Bundle {
  Omit<std::string_view> value;
  std::string id;
  Omit<std::string_view> content_type;
  Attributes attributes;
  Omit<PackedMap> tags;
  Deletion deletion;
  static constexpr auto fields() {
    using T = Bundle;
    return schema::Fields{field<&T::value>("value", "The value."),
                      field<&T::id>("id", "URL of the version.").open(),
                      field<&T::content_type>("contentType", "What kind of value it is.").open(),
                      field<&T::attributes>("attributes", "What is known of the version."),
                      field<&T::tags>("tags", "Tags of the version."),
                      schema::inlined<&T::deletion>()};
  }
};
struct Item {
  std::string id;
  Omit<std::string> content_type;
  Attributes attributes;
  Omit<schema::StringMap> tags;
  Deletion deletion;
  static constexpr auto fields() {
    using T = Item;
    return schema::Fields{field<&T::id>("id", "URL of the secret or version.").open(),
                      field<&T::content_type>("contentType", "What kind of value it is.").open(),
                      field<&T::attributes>("attributes", "What is known of it."), field<&T::tags>("tags", "Tags."),
                      schema::inlined<&T::deletion>()};
  }
};
struct ItemList {
  std::vector<Item> value;
  std::optional<std::string> next;
  static constexpr auto fields() {
    using T = ItemList;
    return schema::Fields{field<&T::value>("value", "Secrets or versions."), field<&T::next>("nextLink", "URL of the next page.").open()};
  }
};
struct BackupBlob {
  std::string value;
  static constexpr auto fields() { return schema::Fields{field<&BackupBlob::value>("value", "The sealed secret, in base64url.")}; }
};
struct VaultShown {
  std::int64_t soft_delete_days = 0;
  bool purge_protection = false;
  std::string recovery_level;
  OptionalTime deleted, purge;
  static constexpr auto fields() {
    using T = VaultShown;
    return schema::Fields{field<&T::soft_delete_days>("soft_delete_days", "How long deleted secrets can be recovered.").open(),
                      field<&T::purge_protection>("purge_protection", "Whether nobody can purge them sooner.").open(),
                      field<&T::recovery_level>("recovery_level", "What Azure's clients are told of the two.").open(),
                      field<&T::deleted>("deletion_time", "When the vault was deleted.").open(),
                      field<&T::purge>("scheduled_purge_time", "Until when it is meant to be kept.").open()};
  }
};

}  // namespace coffer::kv::azure
