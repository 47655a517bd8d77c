#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace coffer::log {

// The open taps; the lowest level that anybody reads is kept beside them, for a check without a lock.
struct Taps {
  std::mutex mutex;
  std::vector<Tap*> open;  // under mutex
  std::atomic<Level> lowest{Level::info};

  // Under mutex.
  void settle(Level own) {
    for (const Tap* tap : open) own = std::min(own, tap->level_);
    lowest = own;
  }
};

namespace {
std::atomic<Level> current{Level::info};
std::atomic<bool> as_json{false};
std::atomic<unsigned long long> lost{0};
constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "off"};
constexpr std::size_t most_kept = 256 << 10;  // bytes that a tap holds for its reader

Taps& taps() {
  static auto* all = new Taps;  // lines may be written until the very end of the process
  return *all;
}

std::string line_of(Level l, std::string_view message, bool json) {
  std::string line;
  if (json) {
    json::Writer writer(line);
    writer.begin_object().key("@timestamp").string(rfc3339(system_clock().now()));
    writer.key("@level").string(level_name(l)).key("@message").string(message).end_object();
  } else {
    append_rfc3339(line, std::chrono::floor<std::chrono::milliseconds>(system_clock().now()));
    line.append(" [").append(level_name(l)).append("] ").append(message);
  }
  line.push_back('\n');
  return line;
}
}  // namespace

void set_level(Level l) {
  const std::lock_guard lock(taps().mutex);
  current = l;
  taps().settle(l);
}
Level level() { return current.load(std::memory_order_relaxed); }
Level threshold() { return taps().lowest.load(std::memory_order_relaxed); }
std::string_view level_name(Level l) { return names[static_cast<std::size_t>(l)]; }
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
  const bool stderr_reads = l >= level(), json = as_json;
  std::string line = line_of(l, message, json);
  {
    const std::lock_guard lock(taps().mutex);
    for (Tap* tap : taps().open)
      if (l >= tap->level_) tap->take(tap->json_ == json ? line : line_of(l, message, tap->json_));
  }
  if (!stderr_reads) return;
  // A reader that stopped must not stop the server: the line is dropped and counted when stderr cannot take it at once.
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0 || ::write(STDERR_FILENO, line.data(), line.size()) < 0) ++lost;
}

std::shared_ptr<Tap> Tap::open(Level level, bool json) {
  auto tap = std::make_shared<Tap>(level, json);
  const std::lock_guard lock(taps().mutex);
  taps().open.push_back(tap.get());
  taps().settle(log::level());
  return tap;
}

Tap::~Tap() {
  const std::lock_guard lock(taps().mutex);
  std::erase(taps().open, this);
  taps().settle(log::level());
}

void Tap::take(std::string_view line) {
  const std::lock_guard lock(mutex_);
  while (!lines_.empty() && lines_.size() + line.size() > most_kept) {
    lines_.erase(0, std::min(lines_.find('\n'), lines_.size() - 1) + 1);
    ++lost_;
  }
  lines_.append(line);
  some_.notify_one();
}

std::string Tap::read(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  some_.wait_for(lock, at_most, [this] { return !lines_.empty(); });
  std::string out;
  if (lost_ > 0) out = line_of(Level::warn, fmt::format("{} lines were lost: they came faster than they were read", lost_), json_);
  lost_ = 0;
  out.append(lines_);
  lines_.clear();
  return out;
}

}  // namespace coffer::log
