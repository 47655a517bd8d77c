#include "server/response_headers.h"

#include <algorithm>

#include "base/encoding.h"

namespace coffer::server {

void ResponseHeaders::apply(int status, Pairs& headers) const {
  const std::string exact = std::to_string(status), whole_class = exact.substr(0, 1) + "xx";
  // From the narrowest rule on: a name that stands already stays, but one rule may give a name several values.
  for (const std::string* wanted : {&exact, &whole_class, static_cast<const std::string*>(nullptr)}) {
    const std::size_t before = headers.size();
    for (const Rule& rule : rules_) {
      if (wanted ? rule.status != *wanted : rule.status != "default") continue;
      for (const auto& [name, value] : rule.headers) {
        const auto end = headers.begin() + static_cast<std::ptrdiff_t>(before);
        if (std::none_of(headers.begin(), end, [&, &n = name](const auto& there) { return ascii_iequal(there.first, n); }))
          headers.emplace_back(name, value);
      }
    }
  }
}

}  // namespace coffer::server
