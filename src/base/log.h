#pragma once
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace coffer::log {

// The server's operational log (not the audit log): one line per event on stderr. Never blocks a request: when the pipe is full the line is
// dropped and counted. Never holds a secret.
enum class Level : int { trace, debug, info, warn, error, off };
void set_level(Level level);
[[nodiscard]] Level level();
[[nodiscard]] std::string_view level_name(Level level);
[[nodiscard]] Level threshold();  // below it nobody reads: stderr's level, or that of a Tap that wants more
[[nodiscard]] bool parse_level(std::string_view text, Level& out);
void set_json(bool json);  // log_format = "json"
void write(Level level, std::string_view message);
[[nodiscard]] unsigned long long dropped();  // lines lost to a full pipe

// A second reader of the lines, from a level of its own on, as long as it lives (sys/monitor). One that reads too slowly loses the oldest
// lines, and is told. Safe from any thread.
class Tap {
 public:
  [[nodiscard]] static std::shared_ptr<Tap> open(Level level, bool json);
  Tap(Level level, bool json) : level_(level), json_(json) {}
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;
  // What has been written since the last call, after waiting for it at most so long; may be "".
  [[nodiscard]] std::string read(std::chrono::milliseconds at_most);

 private:
  friend void write(Level level, std::string_view message);
  void take(std::string_view line);
  const Level level_;
  const bool json_;
  std::mutex mutex_;
  std::condition_variable some_;
  std::string lines_;  // these two under mutex_
  unsigned long long lost_ = 0;
  friend struct Taps;
};

template <class... A>
void at(Level l, fmt::format_string<A...> text, A&&... args) {
  if (l >= threshold()) write(l, fmt::format(text, std::forward<A>(args)...));
}
template <class... A>
void info(fmt::format_string<A...> text, A&&... args) { at(Level::info, text, std::forward<A>(args)...); }
template <class... A>
void warn(fmt::format_string<A...> text, A&&... args) { at(Level::warn, text, std::forward<A>(args)...); }
template <class... A>
void error(fmt::format_string<A...> text, A&&... args) { at(Level::error, text, std::forward<A>(args)...); }
template <class... A>
void debug(fmt::format_string<A...> text, A&&... args) { at(Level::debug, text, std::forward<A>(args)...); }

}  // namespace coffer::log
