#include "core/rotation/records.h"

namespace coffer::core {
namespace {

constexpr std::string_view actor = "rotation";  // the display name of whoever acts

std::string request_data(const RotationStep& step) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("SecretId")
      .string(step.job.id)
      .key("ClientRequestToken")
      .string(step.job.run->token)
      .key("RotationLambdaARN")
      .string(step.job.target)
      .key("Step")
      .string(rotation::step_name(step.job.run->step))
      .key("OnlyTest")
      .boolean(step.job.run->only_test)
      .key("Failures")
      .integer(static_cast<std::int64_t>(step.job.run->failures))
      .end_object();
  return out;
}

// A function's own words may hold anything: they are hashed.
std::string response_data(const RotationEnd& end, audit::Salt* salt) {
  std::string out;
  json::Writer w(out, salt);
  w.begin_object();
  {
    const json::Writer::Public open(w);
    w.key("Outcome").string(rotation::outcome_name(end.outcome)).key("RotationEnded").boolean(end.run_ended);
    if (end.next != rotation::never) w.key("Next").string(rfc3339(end.next));
  }
  if (!end.failure.empty()) w.key("Failure").string(end.failure);
  w.end_object();
  return out;
}

}  // namespace

Result<void> record_rotation(audit::Broker& audit, const RotationStep& step, const RotationEnd* end) {
  const std::string path = step.mount.path + "metadata/" + step.job.object, data = request_data(step);
  audit::Auth auth;
  auth.display_name = actor;
  auth.allowed = true;
  audit::Event event;
  event.time = step.now;
  event.id = step.request_id;
  event.operation = "update";
  event.path = path;
  event.mount_point = step.mount.path;
  event.mount_type = step.mount.type;
  event.mount_accessor = step.mount.accessor;
  event.mount_class = "secret";
  event.action = step.action;
  event.principal = actor;
  event.request_data = event.request_data_raw = data;
  event.auth = &auth;
  if (end != nullptr && !end->failure.empty()) event.error = "the step of the rotation failed";
  audit::Records records;
  if (end == nullptr) {
    records.request(audit, event);
    return audit.write(records);
  }
  const std::string reply = response_data(*end, &audit.salt()), raw = response_data(*end, nullptr);
  audit::ResponseEvent response;
  response.request = &event;
  response.data = reply;
  response.data_raw = raw;
  response.position = end->position;
  response.status = end->failure.empty() ? 200 : 500;
  records.response(audit, response);
  return audit.write(records);
}

}  // namespace coffer::core
