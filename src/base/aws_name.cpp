#include "base/aws_name.h"

#include <algorithm>

namespace coffer {
namespace {

// A segment that a path cannot hold, or that stands for one: any number of "~", then "", "." or "..".
bool special(std::string_view segment, bool escaped) {
  const std::size_t marks = std::min(segment.find_first_not_of('~'), segment.size());
  const std::string_view rest = segment.substr(marks);
  return (rest.empty() || rest == "." || rest == "..") && (!escaped || marks > 0);
}

template <class Change>
std::string map_segments(std::string_view text, Change change) {
  std::string out;
  out.reserve(text.size() + 2);
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    change(text.substr(at, end - at), out);
    if (end == text.size()) return out;
    out.push_back('/');
    at = end + 1;
  }
}

bool is_region(std::string_view text) {
  // ([a-z]+-)+[0-9]+
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == text.size()) return false;
  for (const char c : text.substr(dash + 1))
    if (c < '0' || c > '9') return false;
  char before = '-';
  for (const char c : text.substr(0, dash)) {
    if (c == '-' ? before == '-' : (c < 'a' || c > 'z')) return false;
    before = c;
  }
  return before != '-';
}

}  // namespace

std::string aws_path(std::string_view name) {
  return map_segments(name, [](std::string_view segment, std::string& out) {
    if (special(segment, false)) out.push_back('~');
    out.append(segment);
  });
}

std::string aws_name(std::string_view path) {
  return map_segments(path, [](std::string_view segment, std::string& out) { out.append(segment.substr(special(segment, true) ? 1 : 0)); });
}

std::string aws_region_folder(std::string_view region, std::string_view primary_region) {
  return region == primary_region ? std::string() : "~" + std::string(region) + "/";
}

std::string aws_path(std::string_view region, std::string_view primary_region, std::string_view name) {
  return aws_region_folder(region, primary_region) + aws_path(name);
}

std::string_view aws_region_of(std::string_view path, std::string_view& rest) {
  rest = path;
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || !path.starts_with('~') || !is_region(path.substr(1, slash - 1))) return {};
  rest = path.substr(slash + 1);
  return path.substr(1, slash - 1);
}

}  // namespace coffer
