#include "audit/sinks/tail.h"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>

#include "audit/sinks/io.h"

namespace coffer::audit {
namespace {

constexpr std::uint64_t first_line_limit = 16u << 20;
constexpr std::uint64_t first_window = 256u << 10, window_limit = 16u << 20;

std::uint64_t size_of(int fd) {
  struct stat file {};
  return ::fstat(fd, &file) == 0 ? static_cast<std::uint64_t>(file.st_size) : 0;
}

Result<std::string> read_range(int fd, std::uint64_t from, std::uint64_t size) {
  std::string text(size, '\0');
  const long n = read_at(fd, text.data(), text.size(), from);
  if (n < 0) return fail(Code::internal, "the audit file cannot be read: " + system_error(errno));
  text.resize(static_cast<std::size_t>(n));
  return text;
}

// Looks from the last line backwards; true when nothing more is to be learnt from lines before.
bool scan_backwards(std::string_view text, std::string_view node, Form form, Tail& tail) {
  while (!text.empty()) {
    const std::size_t previous_end = text.rfind('\n');
    const std::string_view line = text.substr(previous_end == std::string_view::npos ? 0 : previous_end + 1);
    text = text.substr(0, text.size() - line.size() - (previous_end == std::string_view::npos ? 0 : 1));
    const auto fields = parse_chain(line);
    if (!fields || fields->node != node || fields->form != form) continue;
    if (!tail.head) tail.head = ChainHead{fields->seq, line_hash(line, fields->body_size)};
    tail.position = std::max(tail.position, acknowledged_position(line.substr(0, fields->body_size)));
    const std::string_view type = record_type(line);
    if (type == "checkpoint" || type == "start") return true;  // both repeat the highest position before them
  }
  return false;
}

}  // namespace

Result<void> check_first_line(int fd) {
  const std::uint64_t size = size_of(fd);
  std::string text;
  std::size_t line_end = std::string::npos;
  for (std::uint64_t window = 4096; text.size() < size && line_end == std::string::npos && window <= first_line_limit; window *= 4) {
    text = TRY(read_range(fd, 0, std::min(window, size)));
    line_end = text.find('\n');
  }
  if (size == 0) return {};
  if (line_end == std::string::npos ? record_type(text).empty() : !is_audit_record(std::string_view(text).substr(0, line_end)))
    return invalid("the file holds something else than audit records; give the path of a file that is absent or empty");
  return {};
}

Result<Tail> read_tail(int fd, std::string_view node, Form form) {
  Tail tail;
  const std::uint64_t size = size_of(fd);
  for (std::uint64_t window = std::min(first_window, size); window > 0; window = std::min(window * 8, std::min(size, window_limit))) {
    const std::string text = TRY(read_range(fd, size - window, window));
    const std::size_t last_end = text.rfind('\n');
    tail.torn_bytes = last_end == std::string::npos ? text.size() : text.size() - last_end - 1;
    const std::string_view torn = std::string_view(text).substr(text.size() - tail.torn_bytes);
    // A last line that lacks nothing but its line end counts.
    std::string_view whole = parse_chain(torn) ? std::string_view(text) : std::string_view(text).substr(0, text.size() - tail.torn_bytes);
    if (whole.ends_with('\n')) whole.remove_suffix(1);
    if (scan_backwards(whole, node, form, tail) || window == size || window == window_limit) break;
    tail = {};
  }
  return tail;
}

std::uint64_t acknowledged_position(std::string_view body) {
  constexpr std::string_view key = R"(,"position":)";
  const std::string_view type = record_type(body);
  if (type != "response" && type != "checkpoint" && type != "start") return 0;
  const std::size_t at = body.rfind(key);
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = body.substr(at + key.size());
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc()) return 0;
  const std::string_view after = rest.substr(static_cast<std::size_t>(end - rest.data()));
  // In a response it is the last member, so that nothing inside the answer's data can pass for it.
  if (type == "response" && after != "}" && !after.starts_with(R"(},"error":")")) return 0;
  return value;
}

}  // namespace coffer::audit
