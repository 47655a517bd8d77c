#include "base/glob.h"

#include <cstddef>

namespace coffer {

bool glob(std::string_view pattern, std::string_view text, char any_run, std::optional<char> any_one) {
  std::size_t p = 0, t = 0, back_p = std::string_view::npos, back_t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == any_run) {
      back_p = ++p;
      back_t = t;
    } else if (p < pattern.size() && (pattern[p] == any_one || pattern[p] == text[t])) {
      ++p, ++t;
    } else if (back_p != std::string_view::npos) {
      p = back_p;
      t = ++back_t;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == any_run) ++p;
  return p == pattern.size();
}

}  // namespace coffer
