#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "base/result.h"

// The one model of a secret behind the three doors (design.md §6): an Object and its Versions, as the store keeps them. Texts are views: into
// the record that they were read from, or into what the writer set; both must outlive the struct.
namespace coffer::kv {

// Texts by name, in their stored form: read without unpacking, written whole. Ordered by name, but for tags, which keep their own order.
class PackedMap {
 public:
  PackedMap() = default;
  explicit PackedMap(std::string_view packed) : packed_(packed) {}
  [[nodiscard]] std::string_view packed() const { return packed_; }
  [[nodiscard]] bool empty() const { return packed_.empty(); }
  // Calls visit(name, value) for each entry. Stops at a malformed one (decode_* refuse such records).
  template <class Visit>
  void each(Visit visit) const {
    RecordReader in(packed_);
    while (!in.at_end()) {
      const std::string_view name = in.text();
      const std::string_view value = in.text();
      if (!in.ok()) return;
      visit(name, value);
    }
  }
  [[nodiscard]] std::map<std::string, std::string, std::less<>> unpack() const;
  // The packed form of a map; a PackedMap is a view of such a text.
  static std::string pack(const std::map<std::string, std::string, std::less<>>& map);
  // The same of pairs in an order of their own (AWS tags); names must differ.
  static std::string pack_in_order(const std::vector<std::pair<std::string, std::string>>& pairs);
  [[nodiscard]] bool well_formed() const;

 private:
  std::string_view packed_;
};

enum class Media : std::uint8_t {
  json,    // a JSON object (what Vault's API holds), or null
  text,    // UTF-8: AWS SecretString, an Azure value
  binary,  // AWS SecretBinary
};

inline constexpr Time never{};  // an absent time

// One version of an object. Versions are numbered 1, 2, ... without gaps; the oldest are dropped, but for those that an AWS staging label holds.
struct Version {
  std::uint64_t seq = 0;          // Vault's version; 0: the object has none yet
  std::string_view uuid;          // 36 characters: AWS as it is, Azure without dashes
  std::string_view client_token;  // AWS ClientRequestToken, "" when made elsewhere
  std::string_view bytes;         // as they came; "" when destroyed, or when `apart`
  Media media = Media::json;
  std::string_view content_type;             // Azure's, shown back as given
  bool enabled = true;                       // Azure's
  std::optional<std::int64_t> not_before, expires;  // Azure's, seconds since 1970 up to the year 9999; Vault does not look at them
  Time created = never, updated = never;
  PackedMap tags;           // Azure keeps tags per version
  std::string_view kms_key; // AWS: the key named when it was written, "" for the default one
  Time deleted_at = never;  // may lie ahead (delete_version_after); undelete clears it
  bool destroyed = false;   // the bytes are gone
  bool apart = false;       // the bytes lie under a key of their own (they are over inline_limit)

  [[nodiscard]] bool deleted(Time now) const { return deleted_at != never && deleted_at <= now; }
};

// Bytes up to this size lie in the object's (or version's) own record.
inline constexpr std::size_t inline_limit = 4096;

enum class State : std::uint8_t { active, deleted };

// An object with its current version: the one that AWS labels AWSCURRENT and that Vault reads when no version is named. It is the newest, unless
// AWS's door has written a version under other labels or moved AWSCURRENT.
struct Object {
  State state = State::active;  // deleted: by AWS or Azure, may be recovered until purge_at
  Time deleted_at = never, purge_at = never;
  Seconds retention{0};            // of this object's deletion; 0: the door's own default
  PackedMap tags;                  // AWS tags, in the order they were given
  std::string_view description;    // AWS
  PackedMap custom_metadata;       // Vault
  std::uint32_t max_versions = 0;  // 0: the mount's
  bool cas_required = false, metadata_cas_required = false;
  Duration delete_version_after{0};
  std::uint64_t metadata_seq = 0;  // grows with each change of metadata
  Time created = never, updated = never;
  std::uint64_t oldest = 0;  // the oldest version that is kept; 0: none was dropped yet
  std::uint64_t newest = 0;  // the highest number of a version, where it is not the current one's
  std::string_view aws;      // what AWS's door alone knows (aws/facet.h), packed: Vault's reads never look inside; "" until that door writes
  Version current;

  [[nodiscard]] std::uint64_t first() const { return oldest == 0 ? 1 : oldest; }
  [[nodiscard]] std::uint64_t last() const { return newest > current.seq ? newest : current.seq; }
  // Deleted by AWS or Azure, and past the time until which it could be recovered: as if it were not there.
  [[nodiscard]] bool lapsed(Time now) const { return state == State::deleted && purge_at <= now; }
};

// Records. Decoding refuses what encoding does not write, with Code::corrupt.
[[nodiscard]] std::string encode(const Object& object);
[[nodiscard]] std::string encode(const Version& version);
[[nodiscard]] Result<Object> decode_object(std::string_view record);
// The same into a fresh Object, for the hot path; false for a damaged record.
[[nodiscard]] bool decode_into(std::string_view record, Object& object);
[[nodiscard]] Result<Version> decode_version(std::string_view record);

// Settings of a mount.
struct MountConfig {
  std::uint32_t max_versions = 0;  // 0: 10
  bool cas_required = false, metadata_cas_required = false;
  Duration delete_version_after{0};  // negative: off, for objects that have their own too
  bool was_v1 = false;               // version 1 keys may still be there, read as version 1 of an object
  Time upgraded = never;
};
[[nodiscard]] std::string encode(const MountConfig& config);
[[nodiscard]] Result<MountConfig> decode_config(std::string_view record);

// A secret of a version 1 mount: the body as it came, and its lease, which the body may name.
struct PlainSecret {
  std::string_view body;
  bool has_lease = false;
  Seconds lease{0};
};
[[nodiscard]] std::string encode(const PlainSecret& secret);
[[nodiscard]] Result<PlainSecret> decode_plain(std::string_view record);

}  // namespace coffer::kv
