#include <array>

#include "base/encoding.h"
#include "engines/kv/aws/resource_policy.h"

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
    out["aws:requesttag/" + ascii_lower(key->text())] = {value ? std::string(value->text()) : std::string()};
    out["aws:tagkeys"].emplace_back(key->text());
  }
}

void add_regions(Context& out, json::Value regions) {
  for (const json::Value& one : regions.elements())
    if (const auto region = one.find("Region")) out["secretsmanager:addreplicaregions"].emplace_back(region->text());
}

}  // namespace

void add_request(Context& out, std::string_view action, json::Value body) {
  for (const Shown& one : shown)
    if (const auto value = body.find(one.member); value && !value->is_null()) out[std::string(one.key)] = {text_of(*value)};
  if (const auto kms = out.find("secretsmanager:kmskeyid"); kms != out.end() && kms->second.front().starts_with("arn:"))
    out["secretsmanager:kmskeyarn"] = kms->second;
  for (const auto& [name, value] : body.members()) {
    if (name == "Tags") add_tags(out, value);
    if (name == "AddReplicaRegions") add_regions(out, value);
    if (name == "RotationRules" && value.is_object()) out["secretsmanager:modifyrotationrules"] = {"true"};
    if (name == "TagKeys")
      for (const json::Value& key : value.elements()) out["aws:tagkeys"].emplace_back(key.text());
  }
  // Who names no version asks for the current one.
  if (action == "secretsmanager:GetSecretValue" && !out.contains("secretsmanager:versionid"))
    out.try_emplace("secretsmanager:versionstage", std::vector<std::string>{std::string(current_label)});
}

}  // namespace coffer::kv::aws
