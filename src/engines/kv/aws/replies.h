#pragma once
#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "engines/kv/model.h"
#include "schema/reply.h"

// What the actions answer, in AWS's spelling.
namespace coffer::kv::aws {

// Seconds since 1970 as a JSON number, to the millisecond.
struct Timestamp {
  Time time = never;
};
// A value, as text or in base64. A view: its bytes travel with the reply.
struct Base64 {
  std::string_view bytes;
};
// Which labels each version holds, by its id.
using StagesById = std::map<std::string, std::vector<std::string>, std::less<>>;

}  // namespace coffer::kv::aws

namespace coffer::schema {

template <>
struct Codec<kv::aws::Timestamp> {
  static constexpr WireType wire{"number", "epoch-seconds"};
  static void encode(json::Writer& w, kv::aws::Timestamp t) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(t.time).time_since_epoch().count();
    if (ms % 1000 == 0)
      w.integer(ms / 1000);
    else
      w.number(static_cast<double>(ms) / 1000.0);
  }
};
template <>
struct Codec<kv::aws::Base64> {
  static constexpr WireType wire{"string", "byte"};
  static void encode(json::Writer& w, kv::aws::Base64 b) { w.string(base64_encode(b.bytes)); }
};
template <>
struct Codec<kv::aws::StagesById> {
  static constexpr WireType wire{"object"};
  static void encode(json::Writer& w, const kv::aws::StagesById& map) {
    w.begin_object();
    for (const auto& [id, labels] : map) {
      w.key(id);
      Codec<std::vector<std::string>>::encode(w, labels);
    }
    w.end_object();
  }
};

}  // namespace coffer::schema

namespace coffer::kv::aws {

using schema::field;
using schema::Omit;

struct SecretRef {  // what most actions answer
  std::string arn, name;
  Omit<std::string> version, policy_name;
  static constexpr auto fields() {
    using T = SecretRef;
    return schema::Fields{field<&T::arn>("ARN", "ARN of the secret.").open(), field<&T::name>("Name", "Name of the secret.").open(),
                      field<&T::version>("VersionId", "Version that the action was about.").open(),
                      field<&T::policy_name>("PolicyName", "Policy that the action was about.").open()};
  }
};
struct ReplicaStatus {
  std::string region;
  Omit<std::string> kms_key;
  std::string status;
  Omit<std::string> message;
  Omit<Timestamp> accessed;
  static constexpr auto fields() {
    using T = ReplicaStatus;
    return schema::Fields{field<&T::region>("Region", "Region of the replica.").open(), field<&T::kms_key>("KmsKeyId", "Its key.").open(),
                      field<&T::status>("Status", "InSync, Failed or InProgress.").open(),
                      field<&T::message>("StatusMessage", "Why it failed.").open(),
                      field<&T::accessed>("LastAccessedDate", "The day it was last read.").open()};
  }
};
struct Written {
  std::string arn, name;
  Omit<std::string> version;
  Omit<std::vector<std::string>> stages;
  Omit<std::vector<ReplicaStatus>> replicas;
  static constexpr auto fields() {
    using T = Written;
    return schema::Fields{field<&T::arn>("ARN", "ARN of the secret.").open(), field<&T::name>("Name", "Name of the secret.").open(),
                      field<&T::version>("VersionId", "Id of the version that was written.").open(),
                      field<&T::stages>("VersionStages", "Labels that it got.").open(),
                      field<&T::replicas>("ReplicationStatus", "Replicas in other regions.").open()};
  }
};
struct SecretValue {
  std::string arn, name, version;
  Omit<std::string_view> text;
  Omit<Base64> binary;
  Omit<std::vector<std::string>> stages;
  Timestamp created;
  static constexpr auto fields() {
    using T = SecretValue;
    return schema::Fields{field<&T::arn>("ARN", "ARN of the secret.").open(),
                      field<&T::name>("Name", "Name of the secret.").open(),
                      field<&T::version>("VersionId", "Id of the version.").open(),
                      field<&T::text>("SecretString", "The value, as text."),
                      field<&T::binary>("SecretBinary", "The value, as bytes in base64."),
                      field<&T::stages>("VersionStages", "Labels that the version holds.").open(),
                      field<&T::created>("CreatedDate", "When the version was made.").open()};
  }
};
struct BatchError {
  std::string secret, code, message;
  static constexpr auto fields() {
    using T = BatchError;
    return schema::Fields{field<&T::secret>("SecretId", "The secret that was asked for.").open(),
                      field<&T::code>("ErrorCode", "Name of the error.").open(), field<&T::message>("Message", "Its text.").open()};
  }
};
struct TagShown {
  std::string key, value;
  static constexpr auto fields() {
    return schema::Fields{field<&TagShown::key>("Key", "Name of the tag.").open(), field<&TagShown::value>("Value", "Its value.")};
  }
};
struct PairShown {
  std::string key, value;
  static constexpr auto fields() {
    return schema::Fields{field<&PairShown::key>("Key", "Name.").open(), field<&PairShown::value>("Value", "Value.")};
  }
};
struct RulesShown {
  Omit<std::int64_t> days;
  Omit<std::string> duration, schedule;
  static constexpr auto fields() {
    using T = RulesShown;
    return schema::Fields{field<&T::days>("AutomaticallyAfterDays", "Days between rotations.").open(),
                      field<&T::duration>("Duration", "Length of the window.").open(),
                      field<&T::schedule>("ScheduleExpression", "When it rotates.").open()};
  }
};
// What is known of a secret: DescribeSecret's answer, and an entry of ListSecrets, where the labels have another name.
struct SecretInfo {
  std::string arn, name;
  Omit<std::string> type, description, kms_key;
  Omit<bool> rotation_enabled;
  Omit<std::string> rotation_function;
  Omit<RulesShown> rotation_rules;
  Omit<std::vector<PairShown>> external_metadata;
  Omit<std::string> external_role;
  Omit<Timestamp> last_rotated, last_changed, last_accessed, deleted, next_rotation;
  Omit<std::vector<TagShown>> tags;
  Omit<StagesById> described_stages, listed_stages;
  Omit<std::string> owning_service;
  Omit<Timestamp> created;
  Omit<std::string> primary_region;
  Omit<std::vector<ReplicaStatus>> replicas;
  static constexpr auto fields() {
    using T = SecretInfo;
    return schema::Fields{field<&T::arn>("ARN", "ARN of the secret.").open(),
                      field<&T::name>("Name", "Name of the secret.").open(),
                      field<&T::type>("Type", "Kind of a managed external secret.").open(),
                      field<&T::description>("Description", "What the secret is for.").open(),
                      field<&T::kms_key>("KmsKeyId", "Its key, where it is not the default one.").open(),
                      field<&T::rotation_enabled>("RotationEnabled", "Whether it rotates by itself.").open(),
                      field<&T::rotation_function>("RotationLambdaARN", "Function that rotates it.").open(),
                      field<&T::rotation_rules>("RotationRules", "When it rotates."),
                      field<&T::external_metadata>("ExternalSecretRotationMetadata", "What the rotation of an external secret needs."),
                      field<&T::external_role>("ExternalSecretRotationRoleArn", "Role of that rotation.").open(),
                      field<&T::last_rotated>("LastRotatedDate", "When it was last rotated.").open(),
                      field<&T::last_changed>("LastChangedDate", "When it last changed.").open(),
                      field<&T::last_accessed>("LastAccessedDate", "The day it was last read.").open(),
                      field<&T::deleted>("DeletedDate", "When it was marked for deletion.").open(),
                      field<&T::next_rotation>("NextRotationDate", "When it is to be rotated.").open(),
                      field<&T::tags>("Tags", "Its tags."),
                      field<&T::described_stages>("VersionIdsToStages", "Labels of its versions.").open(),
                      field<&T::listed_stages>("SecretVersionsToStages", "Labels of its versions.").open(),
                      field<&T::owning_service>("OwningService", "Service that made it.").open(),
                      field<&T::created>("CreatedDate", "When it was made.").open(),
                      field<&T::primary_region>("PrimaryRegion", "Region that it is replicated from.").open(),
                      field<&T::replicas>("ReplicationStatus", "Replicas in other regions.")};
  }
};
struct SecretList {
  std::vector<SecretInfo> secrets;
  Omit<std::string> next;
  static constexpr auto fields() {
    return schema::Fields{field<&SecretList::secrets>("SecretList", "The secrets."),
                      field<&SecretList::next>("NextToken", "Where the next answer goes on.").open()};
  }
};
struct VersionInfo {
  std::string id;
  Omit<std::vector<std::string>> stages;
  Omit<Timestamp> accessed;
  Timestamp created;
  std::vector<std::string> kms_keys;
  static constexpr auto fields() {
    using T = VersionInfo;
    return schema::Fields{field<&T::id>("VersionId", "Id of the version.").open(),
                      field<&T::stages>("VersionStages", "Labels that it holds.").open(),
                      field<&T::accessed>("LastAccessedDate", "The day it was last read.").open(),
                      field<&T::created>("CreatedDate", "When it was made.").open(), field<&T::kms_keys>("KmsKeyIds", "Its keys.").open()};
  }
};
struct VersionList {
  std::vector<VersionInfo> versions;
  Omit<std::string> next;
  std::string arn, name;
  static constexpr auto fields() {
    using T = VersionList;
    return schema::Fields{field<&T::versions>("Versions", "The versions."),
                      field<&T::next>("NextToken", "Where the next answer goes on.").open(),
                      field<&T::arn>("ARN", "ARN of the secret.").open(), field<&T::name>("Name", "Name of the secret.").open()};
  }
};
struct Deleted {
  std::string arn, name;
  Timestamp at;
  static constexpr auto fields() {
    using T = Deleted;
    return schema::Fields{field<&T::arn>("ARN", "ARN of the secret.").open(), field<&T::name>("Name", "Name of the secret.").open(),
                      field<&T::at>("DeletionDate", "When it is gone for good.").open()};
  }
};
struct PolicyShown {
  std::string arn, name;
  Omit<std::string> policy, policy_name;
  static constexpr auto fields() {
    using T = PolicyShown;
    return schema::Fields{field<&T::arn>("ARN", "ARN of the secret.").open(), field<&T::name>("Name", "Name of the secret.").open(),
                      field<&T::policy>("ResourcePolicy", "The policy, as it was given."),
                      field<&T::policy_name>("PolicyName", "Its name.").open()};
  }
};
struct PolicyFault {
  std::string check, message;
  static constexpr auto fields() {
    return schema::Fields{field<&PolicyFault::check>("CheckName", "Which check failed.").open(),
                      field<&PolicyFault::message>("ErrorMessage", "Why.").open()};
  }
};
struct PolicyChecked {
  bool passed = false;
  std::vector<PolicyFault> faults;
  static constexpr auto fields() {
    return schema::Fields{field<&PolicyChecked::passed>("PolicyValidationPassed", "Whether it may be put.").open(),
                      field<&PolicyChecked::faults>("ValidationErrors", "What is wrong with it.")};
  }
};
struct PolicyListed {
  std::string name;
  static constexpr auto fields() { return schema::Fields{field<&PolicyListed::name>("PolicyName", "Its name.").open()}; }
};
struct PolicyList {
  std::vector<PolicyListed> policies;
  static constexpr auto fields() { return schema::Fields{field<&PolicyList::policies>("ResourcePolicies", "The secret's policies.")}; }
};
struct Replicated {
  std::string arn;
  std::vector<ReplicaStatus> replicas;
  static constexpr auto fields() {
    return schema::Fields{field<&Replicated::arn>("ARN", "ARN of the secret.").open(),
                      field<&Replicated::replicas>("ReplicationStatus", "Replicas in other regions.")};
  }
};
struct OnlyArn {
  std::string arn;
  static constexpr auto fields() { return schema::Fields{field<&OnlyArn::arn>("ARN", "ARN of the secret.").open()}; }
};
}  // namespace coffer::kv::aws
