#include "backend/listing.h"

#include <algorithm>

namespace coffer {

Result<std::vector<std::string>> list_names(const Snapshot& view, std::string_view prefix, char delimiter, const schema::Page& page) {
  constexpr std::size_t step = 1000;
  std::vector<std::string> out;
  std::string after = page.after;
  const std::size_t wanted = page.limit.value > 0 ? static_cast<std::size_t>(page.limit.value) : static_cast<std::size_t>(-1);
  while (out.size() < wanted) {
    const std::size_t ask = std::min(step, wanted - out.size());
    auto names = TRY(view.children(prefix, delimiter, after, ask));
    const bool last = names.size() < ask;
    if (!names.empty()) after = names.back();
    out.insert(out.end(), std::make_move_iterator(names.begin()), std::make_move_iterator(names.end()));
    if (last) break;
  }
  return out;
}

}  // namespace coffer
