#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>

namespace coffer::log {

// The server's operational log (not the audit log): one line per event on stderr. Never blocks a request: when the pipe is full the line is
// dropped and counted. Never holds a secret.
enum class Level : int { trace, debug, info, warn, error, off };
void set_level(Level level);
[[nodiscard]] Level level();
[[nodiscard]] bool parse_level(std::string_view text, Level& out);
void set_json(bool json);  // log_format = "json"
void write(Level level, std::string_view message);
[[nodiscard]] unsigned long long dropped();  // lines lost to a full pipe

template <class... A>
void at(Level l, fmt::format_string<A...> text, A&&... args) {
  if (l >= level()) write(l, fmt::format(text, std::forward<A>(args)...));
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
