#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.h"
#include "engines/kv/aws/resource_policy.h"
#include "schema/field.h"

// What conditions of policies may look at (IAM's service authorization reference, "Condition keys for AWS Secrets Manager").
namespace coffer::kv::aws {
namespace {

// Members of requests that a key of a condition shows as they are.
struct Shown {
  std::string_view member, key;
};
constexpr std::array shown{Shown{"Name", "secretsmanager:name"},
                           Shown{"Description", "secretsmanager:description"},
                           Shown{"KmsKeyId", "secretsmanager:kmskeyid"},
                           Shown{"Type", "secretsmanager:type"},
                           Shown{"VersionId", "secretsmanager:versionid"},
                           Shown{"VersionStage", "secretsmanager:versionstage"},
                           Shown{"RecoveryWindowInDays", "secretsmanager:recoverywindowindays"},
                           Shown{"ForceDeleteWithoutRecovery", "secretsmanager:forcedeletewithoutrecovery"},
                           Shown{"ForceOverwriteReplicaSecret", "secretsmanager:forceoverwritereplicasecret"},
                           Shown{"BlockPublicPolicy", "secretsmanager:blockpublicpolicy"},
                           Shown{"RotateImmediately", "secretsmanager:rotateimmediately"},
                           Shown{"RotationLambdaARN", "secretsmanager:rotationlambdaarn"},
                           Shown{"ExternalSecretRotationRoleArn", "secretsmanager:externalsecretrotationrolearn"}};

std::string text_of(json::Value value) {
  return value.is_bool() ? std::string(value.as_bool() ? "true" : "false") : std::string(value.text());
}

void add_tags(Context& out, json::Value tags) {
  for (const json::Value& tag : tags.elements()) {
    const auto key = tag.find("Key"), value = tag.find("Value");
    if (!key) continue;
    // Keys that differ in case are several tags, and one key of conditions: it has the values of all.
    out["aws:requesttag/" + ascii_lower(key->text())].push_back(value ? std::string(value->text()) : std::string());
    out["aws:tagkeys"].emplace_back(key->text());
  }
}

void add_regions(Context& out, json::Value regions) {
  for (const json::Value& one : regions.elements())
    if (const auto region = one.find("Region")) out["secretsmanager:addreplicaregions"].emplace_back(region->text());
}

}  // namespace

Context request_context(const ActionScope& scope) {
  Context out;
  const auto member = [&](std::string_view name) -> std::optional<json::Value> {
    const auto is_it = [&](const schema::FieldInfo& field) { return field.name == name; };
    if (scope.fields == nullptr || std::ranges::none_of(*scope.fields, is_it)) return std::nullopt;
    const auto found = scope.body.find(name);
    return found && !found->is_null() ? found : std::nullopt;
  };
  for (const Shown& one : shown)
    if (const auto value = member(one.member)) out[std::string(one.key)] = {text_of(*value)};
  if (const auto kms = out.find("secretsmanager:kmskeyid"); kms != out.end() && kms->second.front().starts_with("arn:"))
    out["secretsmanager:kmskeyarn"] = kms->second;
  if (const auto tags = member("Tags")) add_tags(out, *tags);
  if (const auto regions = member("AddReplicaRegions")) add_regions(out, *regions);
  if (const auto keys = member("TagKeys"))
    for (const json::Value& key : keys->elements()) out["aws:tagkeys"].emplace_back(key.text());
  // Who names no version asks for the current one.
  if (scope.action == "secretsmanager:GetSecretValue" && !out.contains("secretsmanager:versionid"))
    out.try_emplace("secretsmanager:versionstage", std::vector<std::string>{std::string(current_label)});
  if (scope.action == "secretsmanager:RotateSecret") {
    out.try_emplace("secretsmanager:rotateimmediately", std::vector<std::string>{"true"});
    out["secretsmanager:modifyrotationrules"] = {member("RotationRules") ? "true" : "false"};
  }
  return out;
}

}  // namespace coffer::kv::aws
