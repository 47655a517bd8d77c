#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "engines/kv/model.h"

// What AWS's door alone knows of an object: the packed part of its record (Object::aws). Vault's reads never unpack it.
namespace coffer::kv::aws {

inline constexpr std::string_view current_label = "AWSCURRENT", previous_label = "AWSPREVIOUS", pending_label = "AWSPENDING";
inline constexpr std::size_t max_labels = 20;  // attached, over all versions of a secret

// A staging label and the version that holds it. AWSCURRENT is not among them: Object::current has it.
struct Stage {
  std::string label;
  std::uint64_t seq = 0;
  std::string id;  // of that version, so that labels are told without reading it
  bool operator==(const Stage&) const = default;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct RotationRules {
  std::int64_t days = 0;  // AutomaticallyAfterDays; 0: not said
  std::string duration, schedule;
  bool operator==(const RotationRules&) const = default;
};
struct Rotation {
  bool known = false;  // was ever set up: then the secret shows whether it is enabled
  bool enabled = false;
  std::string function;  // RotationLambdaARN
  RotationRules rules;
  Time last_rotated = never;
  Time next = never;     // NextRotationDate: the last second of the window that is planned
  Time window = never;   // when that window begins
  Time planned = never;  // when it was worked out: a version that was made current later counts as a rotation
  Pairs external_metadata;
  std::string external_role;
  bool operator==(const Rotation&) const = default;
};

struct Replica {
  std::string region, kms_key, status, message;
  bool operator==(const Replica&) const = default;
};

struct Facet {
  std::string suffix;   // the six characters at the end of the ARN
  std::string kms_key;  // "" is the default key
  std::string type, owning_service;
  std::string policy;   // the resource policy, as it was given; "" without one
  bool tagged = false;  // had tags once: an empty list is shown then
  std::vector<Stage> stages;
  Rotation rotation;
  std::string primary_region;  // of a secret that has replicas, or of a replica
  std::vector<Replica> replicas;
  std::string replica_of;  // the name of the object that this one shows in another region; "" otherwise

  [[nodiscard]] const Stage* find(std::string_view label) const;
  // Moves the label to that version, from wherever it is.
  void attach(std::string_view label, std::uint64_t seq, std::string_view id);
  void detach(std::string_view label);
  // Labels of a version but for AWSCURRENT, in the order they were attached.
  [[nodiscard]] std::vector<std::string> labels_of(std::uint64_t seq) const;
  [[nodiscard]] bool holds(std::uint64_t seq) const;
  // What follows when AWSCURRENT leaves the version `from` (0: it was nowhere): AWSPREVIOUS goes there, and AWSPENDING is lost.
  void current_leaves(std::uint64_t from, std::string_view id);
  bool operator==(const Facet&) const = default;
};

[[nodiscard]] std::string encode(const Facet& facet);
[[nodiscard]] Result<Facet> decode_facet(std::string_view packed);

// The id of a version: the token of the request that made it, or the UUID it was given.
[[nodiscard]] std::string version_id(const Version& version);
// A UUID (version 8, RFC 9562) that tells the number of the version that it is made for, so that a version that Vault's API wrote is found by its id.
[[nodiscard]] std::string make_version_uuid(Random& random, std::uint64_t seq);
// UUID-shaped tokens serve as the version's UUID for the other doors too.
[[nodiscard]] bool is_uuid(std::string_view text);
// The number that such an id tells; 0 for any other.
[[nodiscard]] std::uint64_t seq_of_uuid(std::string_view id);
// The ARN suffix of an object that AWS's door has not written yet: always the same for one object, another for a later one of its name.
[[nodiscard]] std::string derived_suffix(std::string_view name, Time created);

}  // namespace coffer::kv::aws
