#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>

#include "base/clock.h"
#include "base/json.h"

namespace coffer::log {
namespace {
std::atomic<Level> current{Level::info};
std::atomic<bool> as_json{false};
std::atomic<unsigned long long> lost{0};
constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "off"};
}  // namespace

void set_level(Level l) { current = l; }
Level level() { return current.load(std::memory_order_relaxed); }
void set_json(bool json) { as_json = json; }
unsigned long long dropped() { return lost; }

bool parse_level(std::string_view text, Level& out) {
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == text || (text == "err" && names[i] == "error") || (text == "notice" && names[i] == "info") ||
        (text == "warning" && names[i] == "warn")) {
      out = static_cast<Level>(i);
      return true;
    }
  return false;
}

void write(Level l, std::string_view message) {
  std::string line;
  if (as_json) {
    json::Writer writer(line);
    writer.begin_object().key("@timestamp").string(rfc3339(system_clock().now()));
    writer.key("@level").string(names[static_cast<std::size_t>(l)]).key("@message").string(message).end_object();
  } else {
    append_rfc3339(line, std::chrono::floor<std::chrono::milliseconds>(system_clock().now()));
    line.append(" [").append(names[static_cast<std::size_t>(l)]).append("] ").append(message);
  }
  line.push_back('\n');
  // A reader that stopped must not stop the server: the line is dropped and counted when stderr cannot take it at once.
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0 || ::write(STDERR_FILENO, line.data(), line.size()) < 0) ++lost;
}

}  // namespace coffer::log
