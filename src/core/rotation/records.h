#pragma once
#include <string>
#include <string_view>

#include "audit/audit.h"
#include "core/mounts.h"
#include "rotation/job.h"

// The audit records of rotations, which no request asks for: a pair for each step.
namespace coffer::core {

struct RotationStep {
  const MountEntry& mount;
  const rotation::Job& job;
  std::string_view action;  // "secretsmanager:RotateSecret/createSecret"
  std::string_view request_id;
  Time now{};
};
// What came of a step.
struct RotationEnd {
  rotation::Outcome outcome = rotation::Outcome::succeeded;
  std::string failure;
  bool run_ended = false;
  Time next = rotation::never;
  std::uint64_t position = 0;
};
// The record of a step that begins (no `end`), or of one that has ended.
[[nodiscard]] Result<void> record_rotation(audit::Broker& audit, const RotationStep& step, const RotationEnd* end);

}  // namespace coffer::core
