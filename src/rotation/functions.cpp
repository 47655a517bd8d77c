#include "rotation/functions.h"

namespace coffer::rotation {

std::string_view function_name(std::string_view target) {
  constexpr std::string_view marker = ":function:";
  if (!target.starts_with("arn:")) return target;
  const std::size_t at = target.find(marker);
  if (at == target.npos) return target;
  target.remove_prefix(at + marker.size());
  return target.substr(0, target.find(':'));
}

}  // namespace coffer::rotation
