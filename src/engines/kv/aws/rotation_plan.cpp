#include "engines/kv/aws/rotation_plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace coffer::kv::aws {
namespace {

constexpr Seconds last_second{1};  // NextRotationDate is the last second of a window

// Windows that have passed are left out.
std::optional<rotation::Window> window_after(const rotation::Schedule& schedule, Time since, Time now) {
  auto window = schedule.next(since);
  if (window && window->end <= now) window = schedule.next(now);
  return window;
}

}  // namespace

Result<std::optional<rotation::Schedule>> schedule_of(const RotationRules& rules) {
  if (!rules.schedule.empty()) return std::optional(TRY(rotation::Schedule::parse(rules.schedule, rules.duration)));
  if (rules.days != 0) return std::optional(TRY(rotation::Schedule::every(rules.days, rules.duration)));
  return std::optional<rotation::Schedule>();
}

Result<void> plan(Rotation& rotation, Time since, Time now) {
  rotation.next = rotation.window = never;
  rotation.planned = now;
  if (!rotation.enabled) return {};
  const auto schedule = TRY(schedule_of(rotation.rules));
  const auto window = schedule ? window_after(*schedule, since, now) : std::nullopt;
  if (!window) return {};
  rotation.window = window->start;
  rotation.next = window->end - last_second;
  return {};
}

bool is_over(const Rotation& rotation, Time now) { return rotation.next != never && now >= rotation.next + last_second; }

Time moment_of(const Rotation& rotation, Time now, Random& random) {
  if (!rotation.enabled || rotation.next == never) return never;
  const Time from = std::max(rotation.window, now);
  const auto room = std::chrono::duration_cast<std::chrono::milliseconds>(rotation.next - from).count();
  if (room <= 0) return from;
  std::array<std::byte, 8> bytes{};
  random.fill(bytes);
  return from + std::chrono::milliseconds(std::bit_cast<std::uint64_t>(bytes) % static_cast<std::uint64_t>(room));
}

Time next_date(const Rotation& rotation, Time current) {
  if (!rotation.enabled || rotation.next == never || current <= rotation.planned) return rotation.enabled ? rotation.next : never;
  const auto schedule = schedule_of(rotation.rules);
  const auto window = schedule && *schedule ? (*schedule)->next(current) : std::nullopt;
  return window ? window->end - last_second : never;
}

std::int64_t shown_days(const Rotation& rotation) {
  if (rotation.rules.days != 0 || rotation.rules.schedule.empty()) return rotation.rules.days;
  const auto schedule = schedule_of(rotation.rules);
  return schedule && *schedule ? (*schedule)->days(rotation.window) : 0;
}

}  // namespace coffer::kv::aws
