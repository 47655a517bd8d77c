#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;
using Seconds = std::chrono::seconds;

// The time, behind a seam so that tests can stop it. Safe from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;                                       // wall time, UTC
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;  // for deadlines
};
// The machine's clocks; lives for ever.
[[nodiscard]] Clock& system_clock();

// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::seconds(1'800'000'000))) : now_(start) {}
  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::duration_cast<std::chrono::steady_clock::duration>(now_.time_since_epoch()));
  }
  void advance(Duration by) { now_ += by; }

 private:
  Time now_;
};

// RFC 3339 with as many fractional digits as are not zero, in UTC: "2026-01-02T03:04:05.000000006Z".
void append_rfc3339(std::string& out, Time time);
[[nodiscard]] std::string rfc3339(Time time);
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);

[[nodiscard]] inline std::int64_t unix_seconds(Time t) { return std::chrono::floor<Seconds>(t).time_since_epoch().count(); }

// A duration as Vault's API takes it (vault-api.md §2.4): "" is 0, digits are seconds, "<int>d" days, otherwise Go's
// ParseDuration ("1h30m", "1.5h", "100ms"). Errors carry Go's texts, such as `time: invalid duration "soon"`.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
// Go's rendering: "3h25m19s", "0s", "1.5s", "100ms".
[[nodiscard]] std::string go_duration(Duration d);
// The same without trailing units that are zero: "768h", "1h30m", "0s".
[[nodiscard]] std::string short_duration(Duration d);

}  // namespace coffer
