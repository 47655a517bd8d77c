#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "rotation/schedule.h"

// Schedules of rotation: an expression, and after a line feed a duration. Whatever is taken has windows that come after the time asked about, in order,
// on the hour, not empty, within one day, and not into each other.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coffer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const auto schedule = rotation::Schedule::parse(text.substr(0, line), line == text.npos ? std::string_view() : text.substr(line + 1));
  if (!schedule) {
    if (schedule.error().message.empty()) std::abort();
    return 0;
  }
  Time since(Seconds(1'800'000'123));
  for (int i = 0; i < 4; ++i) {
    const auto window = schedule->next(since);
    if (!window) std::abort();
    if (window->start <= since || window->end <= window->start) std::abort();
    if (window->start.time_since_epoch() % std::chrono::hours(1) != Duration(0)) std::abort();
    if (window->end - window->start > std::chrono::hours(24)) std::abort();
    if (schedule->days(since) < 1) std::abort();
    const auto after = schedule->next(window->start);
    if (!after || after->start < window->end) std::abort();
    since = window->start;
  }
  return 0;
}
