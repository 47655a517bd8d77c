#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/listing.h"
#include "schema/endpoint.h"

// What the actions ask for (API reference of Secrets Manager). Members have AWS's names; what is absent is told from what is empty. `path` is where the
// secret lies on the mount, which the door has made of SecretId or Name.
namespace coffer::kv::aws {

using schema::field;

struct Tag {
  std::optional<std::string> key, value;
  static constexpr auto fields() {
    return schema::Fields{field<&Tag::key>("Key", "Name of the tag.").open(), field<&Tag::value>("Value", "Its value.").open()};
  }
};
struct ReplicaRegion {
  std::optional<std::string> region, kms_key;
  static constexpr auto fields() {
    using T = ReplicaRegion;
    return schema::Fields{field<&T::region>("Region", "Region to replicate to.").open(),
                      field<&T::kms_key>("KmsKeyId", "Key of the replica; the default one when absent.").open()};
  }
};
struct Filter {
  std::optional<std::string> key;
  std::optional<std::vector<std::string>> values;
  static constexpr auto fields() {
    return schema::Fields{field<&Filter::key>("Key", "What to look at.").open(),
                      field<&Filter::values>("Values", "What to look for; ! before a text negates it.").open()};
  }
};

// Of many actions: a secret and no more.
struct OneSecret {
  std::string_view path;
  std::optional<std::string> secret;
  static constexpr auto fields() {
    using T = OneSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open()};
  }
};
struct CreateSecret {
  std::string_view path;
  std::optional<std::string> name, token, description, kms_key, type, cross_account_primary;
  std::optional<SecretBytes> text, binary;
  std::optional<std::vector<Tag>> tags;
  std::optional<std::vector<ReplicaRegion>> replicas;
  bool overwrite_replicas = false;
  static constexpr auto fields() {
    using T = CreateSecret;
    return schema::Fields{
        schema::path<&T::path>("path", "Where the secret is to lie."),
        field<&T::name>("Name", "Name of the secret.").open(),
        field<&T::token>("ClientRequestToken", "Id of the first version; makes the request idempotent.").open(),
        field<&T::description>("Description", "What the secret is for.").open(),
        field<&T::kms_key>("KmsKeyId", "Key to name in answers; values are encrypted by the server in any case.").open(),
        field<&T::type>("Type", "Kind of a managed external secret.").open(),
        field<&T::cross_account_primary>("CrossAccountPrimaryARN", "A secret of another account.").open(),
        field<&T::text>("SecretString", "The value, as text."),
        field<&T::binary>("SecretBinary", "The value, as bytes in base64."),
        field<&T::tags>("Tags", "Tags of the secret."),
        field<&T::replicas>("AddReplicaRegions", "Regions to replicate to."),
        field<&T::overwrite_replicas>("ForceOverwriteReplicaSecret", "Whether to replace secrets of the same name there.").open()};
  }
};
struct PutSecretValue {
  std::string_view path;
  std::optional<std::string> secret, token;
  std::optional<SecretBytes> text, binary, rotation_token;
  std::optional<std::vector<std::string>> stages;
  static constexpr auto fields() {
    using T = PutSecretValue;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::token>("ClientRequestToken", "Id of the version; makes the request idempotent.").open(),
                      field<&T::text>("SecretString", "The value, as text."),
                      field<&T::binary>("SecretBinary", "The value, as bytes in base64."),
                      field<&T::rotation_token>("RotationToken", "Tells that the caller acts for a rotation."),
                      field<&T::stages>("VersionStages", "Staging labels of the version; AWSCURRENT when absent.").open()};
  }
};
struct UpdateSecret {
  std::string_view path;
  std::optional<std::string> secret, token, description, kms_key, type;
  std::optional<SecretBytes> text, binary;
  static constexpr auto fields() {
    using T = UpdateSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::token>("ClientRequestToken", "Id of the version; makes the request idempotent.").open(),
                      field<&T::description>("Description", "What the secret is for.").open(),
                      field<&T::kms_key>("KmsKeyId", "Key to name in answers.").open(),
                      field<&T::type>("Type", "Kind of a managed external secret.").open(),
                      field<&T::text>("SecretString", "The value, as text."),
                      field<&T::binary>("SecretBinary", "The value, as bytes in base64.")};
  }
};
struct GetSecretValue {
  std::string_view path;
  std::optional<std::string> secret, version, stage;
  static constexpr auto fields() {
    using T = GetSecretValue;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::version>("VersionId", "Which version; the one labelled AWSCURRENT when absent.").open(),
                      field<&T::stage>("VersionStage", "Or the label that it holds.").open()};
  }
};
struct ListSecrets {
  std::optional<bool> include_deleted;
  std::optional<std::int64_t> limit;
  std::optional<std::string> next, order, sort_by;
  std::optional<std::vector<Filter>> filters;
  static constexpr auto fields() {
    using T = ListSecrets;
    return schema::Fields{field<&T::include_deleted>("IncludePlannedDeletion", "Whether to list what is marked for deletion too.").open(),
                      field<&T::limit>("MaxResults", "At most so many, 1 to 100.").open(),
                      field<&T::next>("NextToken", "Where the last answer ended.").open(),
                      field<&T::order>("SortOrder", "asc or desc.").open(),
                      field<&T::sort_by>("SortBy", "created-date, last-accessed-date, last-changed-date or name.").open(),
                      field<&T::filters>("Filters", "Conditions, all of which a secret must meet.").open()};
  }
};
struct BatchGetSecretValue {
  std::optional<std::vector<std::string>> secrets;
  std::optional<std::vector<Filter>> filters;
  std::optional<std::int64_t> limit;
  std::optional<std::string> next;
  static constexpr auto fields() {
    using T = BatchGetSecretValue;
    return schema::Fields{field<&T::secrets>("SecretIdList", "Names or ARNs of up to 20 secrets.").open(),
                      field<&T::filters>("Filters", "Or conditions, all of which a secret must meet.").open(),
                      field<&T::limit>("MaxResults", "At most so many, 1 to 20; with Filters only.").open(),
                      field<&T::next>("NextToken", "Where the last answer ended.").open()};
  }
};
struct ListSecretVersionIds {
  std::string_view path;
  std::optional<std::string> secret, next;
  std::optional<std::int64_t> limit;
  std::optional<bool> deprecated;
  static constexpr auto fields() {
    using T = ListSecretVersionIds;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::next>("NextToken", "Where the last answer ended.").open(),
                      field<&T::limit>("MaxResults", "At most so many, 1 to 100.").open(),
                      field<&T::deprecated>("IncludeDeprecated", "Whether to list versions without a label too.").open()};
  }
};
struct UpdateSecretVersionStage {
  std::string_view path;
  std::optional<std::string> secret, stage, from, to;
  static constexpr auto fields() {
    using T = UpdateSecretVersionStage;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::stage>("VersionStage", "The label.").open(),
                      field<&T::from>("RemoveFromVersionId", "The version that holds it now.").open(),
                      field<&T::to>("MoveToVersionId", "The version that is to hold it.").open()};
  }
};
struct DeleteSecret {
  std::string_view path;
  std::optional<std::string> secret;
  std::optional<std::int64_t> window;
  std::optional<bool> force;
  static constexpr auto fields() {
    using T = DeleteSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::window>("RecoveryWindowInDays", "For how long it can be restored, 7 to 30 days; 30 when absent.").open(),
                      field<&T::force>("ForceDeleteWithoutRecovery", "Whether to delete it at once, for good.").open()};
  }
};
struct TagResource {
  std::string_view path;
  std::optional<std::string> secret;
  std::optional<std::vector<Tag>> tags;
  static constexpr auto fields() {
    using T = TagResource;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(), field<&T::tags>("Tags", "Tags to set.")};
  }
};
struct UntagResource {
  std::string_view path;
  std::optional<std::string> secret;
  std::optional<std::vector<std::string>> keys;
  static constexpr auto fields() {
    using T = UntagResource;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::keys>("TagKeys", "Names of the tags to take away.").open()};
  }
};
struct NamedPolicy {
  std::string_view path;
  std::optional<std::string> secret, policy_name;
  static constexpr auto fields() {
    using T = NamedPolicy;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::policy_name>("PolicyName", "Name of the policy; the secret's own when absent.").open()};
  }
};
struct PutResourcePolicy {
  std::string_view path;
  std::optional<std::string> secret, policy, policy_name;
  std::optional<bool> block_public;
  static constexpr auto fields() {
    using T = PutResourcePolicy;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::policy>("ResourcePolicy", "The policy, a JSON text."),
                      field<&T::policy_name>("PolicyName", "Name of the policy; the secret's own when absent.").open(),
                      field<&T::block_public>("BlockPublicPolicy", "Whether to refuse a policy that lets anybody in.").open()};
  }
};
struct ListResourcePolicies {
  std::string_view path;
  std::optional<std::string> secret, next;
  std::optional<std::int64_t> limit;
  static constexpr auto fields() {
    using T = ListResourcePolicies;
    return schema::Fields{
        schema::path<&T::path>("path", "Where the secret lies."), field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
        field<&T::next>("NextToken", "Where the last answer ended.").open(), field<&T::limit>("MaxResults", "At most so many.").open()};
  }
};
struct ReplicateSecret {
  std::string_view path;
  std::optional<std::string> secret;
  std::optional<std::vector<ReplicaRegion>> regions;
  bool overwrite = false;
  static constexpr auto fields() {
    using T = ReplicateSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::regions>("AddReplicaRegions", "Regions to replicate to."),
                      field<&T::overwrite>("ForceOverwriteReplicaSecret", "Whether to replace secrets of the same name there.").open()};
  }
};
struct RemoveRegions {
  std::string_view path;
  std::optional<std::string> secret;
  std::optional<std::vector<std::string>> regions;
  static constexpr auto fields() {
    using T = RemoveRegions;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::regions>("RemoveReplicaRegions", "Regions whose replicas are to go.").open()};
  }
};
struct RulesOfRotation {
  std::optional<std::int64_t> days;
  std::optional<std::string> duration, schedule;
  static constexpr auto fields() {
    using T = RulesOfRotation;
    return schema::Fields{field<&T::days>("AutomaticallyAfterDays", "Days between rotations.").open(),
                      field<&T::duration>("Duration", "Length of the window, such as 3h.").open(),
                      field<&T::schedule>("ScheduleExpression", "A rate() or cron() expression.").open()};
  }
};
struct RotateSecret {
  std::string_view path;
  std::optional<std::string> secret, token, function;
  std::optional<RulesOfRotation> rules;
  std::optional<bool> immediately;
  static constexpr auto fields() {
    using T = RotateSecret;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(),
                      field<&T::token>("ClientRequestToken", "Id of the new version.").open(),
                      field<&T::function>("RotationLambdaARN", "Function that rotates.").open(),
                      field<&T::rules>("RotationRules", "When to rotate.").open(),
                      field<&T::immediately>("RotateImmediately", "Whether to rotate now too.").open()};
  }
};
struct RotatedSecret {
  std::string_view path;
  static constexpr auto fields() { return schema::Fields{schema::path<&RotatedSecret::path>("path", "Where the secret lies.")}; }
};
struct RotatedFolder {
  std::string_view path;
  schema::Page page;
  static constexpr auto fields() {
    return schema::Fields{schema::path<&RotatedFolder::path>("path", "The folder to list."), schema::inlined<&RotatedFolder::page>()};
  }
};
struct CrossAccount {
  std::string_view path;
  std::optional<std::string> secret;
  schema::RawObject rest;
  static constexpr auto fields() {
    using T = CrossAccount;
    return schema::Fields{schema::path<&T::path>("path", "Where the secret lies."),
                      field<&T::secret>("SecretId", "Name or ARN of the secret.").open(), schema::whole<&T::rest>("Not looked at.")};
  }
};

}  // namespace coffer::kv::aws
