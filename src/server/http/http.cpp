#include "server/http/http.h"

#include "base/encoding.h"

namespace coffer::http {

std::string_view Request::header(std::string_view name) const {
  for (const Header& h : headers) {
    if (h.name.size() == name.size() && ascii_iequal(h.name, name)) return h.value;
  }
  return {};
}

std::size_t Request::count(std::string_view name) const {
  std::size_t found = 0;
  for (const Header& h : headers) found += h.name.size() == name.size() && ascii_iequal(h.name, name) ? 1 : 0;
  return found;
}

}  // namespace coffer::http
