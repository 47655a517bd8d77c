#include <algorithm>

#include "engines/kv/aws/kv_aws.h"

// RotateSecret and CancelRotateSecret. The server has no way to call a function yet, so a rotation is answered as AWS answers one whose function cannot be
// invoked, and nothing is stored.
namespace coffer::kv::aws {
namespace {

bool fits(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || others.contains(c); });
}

bool is_duration(std::string_view text) {
  return text.size() >= 2 && text.ends_with('h') &&
         std::ranges::all_of(text.substr(0, text.size() - 1), [](char c) { return c >= '0' && c <= '9'; });
}

void check_rules(Constraints& c, const RulesOfRotation& rules) {
  c.length_if("rotationRules.duration", rules.duration, 2, 3);
  if (rules.duration) c.pattern("rotationRules.duration", *rules.duration, is_duration(*rules.duration), "[0-9]+h");
  c.length_if("rotationRules.scheduleExpression", rules.schedule, 1, 256);
  if (rules.schedule)
    c.pattern("rotationRules.scheduleExpression", *rules.schedule, fits(*rules.schedule, "()#?*-/, "), "[0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+");
}

}  // namespace

Result<SecretRef> KvAws::rotate(const Caller& caller, Transaction& view, const RotateSecret& in) {
  Constraints c;
  check_secret_id(c, in.secret);
  c.length_if("rotationLambdaARN", in.function, 0, 2048);
  if (in.rules) check_rules(c, *in.rules);
  CHECK_OK(c.done());
  if (!in.token) return refuse(Refusal::invalid_parameter, "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
  if (in.token->size() < 32 || in.token->size() > 64)
    return refuse(Refusal::invalid_parameter, "ClientRequestToken must be 32-64 characters long.");
  if (in.rules && in.rules->days && (*in.rules->days < 1 || *in.rules->days > 1000))
    return refuse(Refusal::invalid_parameter, "RotationRules.AutomaticallyAfterDays must be within 1-1000.");
  if (in.rules && in.rules->days && in.rules->schedule)
    return refuse(Refusal::invalid_parameter, "You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.");
  const Secret secret = TRY(find_to_change(caller, view, in.path));
  if (in.function.value_or(secret.facet.rotation.function).empty())
    return refuse(Refusal::invalid_request, "No Lambda rotation function ARN is associated with this secret.");
  return refuse(
      Refusal::access_denied,
      "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal "
      "secretsmanager.amazonaws.com.");
}

Result<SecretRef> KvAws::cancel_rotation(const Caller& caller, Transaction& view, const OneSecret& in) {
  CHECK_OK(check_secret_id_length(in.secret));
  Secret secret = TRY(find_to_change(caller, view, in.path));
  SecretRef out{secret.arn(), secret.place.name(), {}, {}};
  if (const Stage* pending = secret.facet.find(pending_label)) out.version.value = pending->id;
  if (secret.facet.rotation.enabled) {
    secret.facet.rotation.enabled = false;
    CHECK_OK(save(view, secret, caller.now));
  }
  return out;
}

}  // namespace coffer::kv::aws
