#include "doors/aws/actions.h"

#include <algorithm>

#include "base/aws_name.h"
#include "doors/aws/arn.h"

namespace coffer::doors::aws {
namespace {

// Where an action's secret is looked for below the mount.
enum class Area : std::uint8_t {
  data,      // data/<name>: its values
  metadata,  // metadata/<name>: what is known of it
  either,    // data/ when the request has a value, else metadata/
  folder,    // metadata/<folder>: all those of the request's region
  named,     // metadata/<name> when it names one, else metadata/
  none,      // no secret at all
};
struct Action {
  std::string_view name;  // "secretsmanager:..."
  Area area;
  std::string_view member = "SecretId";  // that names the secret
};
constexpr Action actions[] = {
    {"secretsmanager:AssociateCrossAccountReplica", Area::metadata},
    {"secretsmanager:BatchGetSecretValue", Area::folder},
    {"secretsmanager:CancelRotateSecret", Area::metadata},
    {"secretsmanager:CreateSecret", Area::data, "Name"},
    {"secretsmanager:DeleteResourcePolicy", Area::metadata},
    {"secretsmanager:DeleteSecret", Area::metadata},
    {"secretsmanager:DescribeSecret", Area::metadata},
    {"secretsmanager:DisassociateCrossAccountReplica", Area::metadata},
    {"secretsmanager:GetRandomPassword", Area::none},
    {"secretsmanager:GetResourcePolicy", Area::metadata},
    {"secretsmanager:GetSecretValue", Area::data},
    {"secretsmanager:ListResourcePolicies", Area::named},
    {"secretsmanager:ListSecretVersionIds", Area::metadata},
    {"secretsmanager:ListSecrets", Area::folder},
    {"secretsmanager:PutResourcePolicy", Area::metadata},
    {"secretsmanager:PutSecretValue", Area::data},
    {"secretsmanager:RemoveRegionsFromReplication", Area::metadata},
    {"secretsmanager:ReplicateSecretToRegions", Area::metadata},
    {"secretsmanager:RestoreSecret", Area::metadata},
    {"secretsmanager:RotateSecret", Area::metadata},
    {"secretsmanager:StopReplicationToReplica", Area::metadata},
    {"secretsmanager:TagResource", Area::metadata},
    {"secretsmanager:UntagResource", Area::metadata},
    {"secretsmanager:UpdateSecret", Area::either},
    {"secretsmanager:UpdateSecretVersionStage", Area::data},
    {"secretsmanager:ValidateResourcePolicy", Area::named},
};
constexpr std::string_view service_prefix = "secretsmanager:";
constexpr std::size_t max_name = 512;  // bytes, of AWS and of paths alike

std::unexpected<Error> no_such_secret() {
  return fail(Code::not_found, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
}

Result<CanonicalPath> path_of(const ActionScope& scope, const Settings& settings, std::string_view area, std::string_view name) {
  auto path = CanonicalPath::from_decoded(settings.mount + std::string(area) + "/" + scope.name_prefix +
                                          aws_path(scope.region, scope.primary_region, name));
  if (path) return path;
  return fail(Code::invalid_argument, "ValidationException",
              "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!");
}

// The secret by its name, or by its ARN with or without the six characters at its end.
Result<void> aim_at(core::Request& request, const Settings& settings, std::string_view area, std::string_view id) {
  ActionScope& scope = request.by_action->scope;
  const auto arn = parse_secret_arn(id);
  if (!arn) {
    request.path = TRY(path_of(scope, settings, area, id));
    return {};
  }
  // Other accounts and regions are not here, and what is malformed is nowhere.
  if (arn->partition != scope.partition || arn->account != scope.account || arn->region != scope.region) return no_such_secret();
  const auto suffixed = split_suffix(arn->rest);
  request.path = TRY(path_of(scope, settings, area, suffixed ? suffixed->name : arn->rest));
  if (!suffixed) return {};
  scope.suffix = suffixed->suffix;
  // A name of the greatest length has no longer one beside it.
  if (auto whole = path_of(scope, settings, area, arn->rest)) request.by_action->alternative = *std::move(whole);
  return {};
}

// Where the secrets of the request's region lie, whose listing is guarded like that of any folder.
Result<CanonicalPath> folder_of(const ActionScope& scope, const Settings& settings) {
  return CanonicalPath::from_decoded(settings.mount + "metadata/" + scope.name_prefix + aws_region_folder(scope.region, scope.primary_region));
}

bool has(json::Value body, std::string_view name) {
  const auto value = body.find(name);
  return value && !value->is_null();
}

}  // namespace

std::string_view secrets_action(std::string_view name) {
  for (const Action& action : actions)
    if (action.name.substr(service_prefix.size()) == name) return action.name;
  return {};
}

Result<void> aim(core::Request& request, const Settings& settings, json::Value body) {
  const ActionScope& scope = request.by_action->scope;
  const Action* const action =
      std::find_if(std::begin(actions), std::end(actions), [&](const Action& a) { return a.name == scope.action; });
  std::string_view area = action->area == Area::data ? "data" : "metadata";
  if (action->area == Area::either && (has(body, "SecretString") || has(body, "SecretBinary"))) area = "data";
  if (action->area == Area::none) {
    request.path = TRY(CanonicalPath::from_decoded("sys/tools/random"));
    return {};
  }
  if (action->area == Area::folder) {
    request.path = TRY(folder_of(scope, settings));
    return {};
  }
  const auto named = body.find(action->member);
  const std::string_view id = named && named->is_string() ? named->text() : std::string_view();
  const bool too_long = id.size() > max_name && (action->member == "Name" || !parse_secret_arn(id));
  if (id.empty() || too_long) {
    // Without a name, or with one that is too long to be a path, the handler says what is wrong.
    request.path = TRY(CanonicalPath::from_decoded(settings.mount + std::string(area) + "/"));
    return {};
  }
  // A new secret's name is no ARN, whatever it looks like.
  if (action->member == "Name") {
    request.path = TRY(path_of(scope, settings, area, id));
    return {};
  }
  return aim_at(request, settings, area, id);
}

}  // namespace coffer::doors::aws
