#include "server/http/http.h"

#include "base/header_lookup.h"

namespace coffer::http {

std::string_view Request::header(std::string_view name) const { return header_of(headers, name); }

std::size_t Request::count(std::string_view name) const { return header_count(headers, name); }

}  // namespace coffer::http
