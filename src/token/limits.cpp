#include "token/limits.h"

#include <fmt/format.h>

namespace coffer::token {

TtlResult effective_ttl(const TtlInput& in) {
  TtlResult out;
  const auto age = in.created ? std::chrono::duration_cast<Duration>(in.now - *in.created) : Duration(0);
  const auto left = [&](Seconds limit) { return std::chrono::ceil<Seconds>(Duration(limit) - age); };
  const auto text = [](Seconds s) { return go_duration(s); };

  if (in.period > Seconds(0)) {
    out.ttl = in.period;
    if (in.period > in.mount_max && in.mount_max > Seconds(0)) {
      out.ttl = in.mount_max;
      out.warnings.push_back(fmt::format("period of \"{}\" exceeded the effective max_ttl of \"{}\"; period value is capped accordingly", text(in.period), text(in.mount_max)));
    }
  } else {
    Seconds most = in.mount_max;
    if (in.max > Seconds(0)) {
      if (most > Seconds(0) && in.max > most)
        out.warnings.push_back(fmt::format("max_ttl of \"{}\" is greater than the system or mount max_ttl of \"{}\"; max_ttl value is capped accordingly", text(in.max), text(most)));
      else most = in.max;
    }
    out.ttl = in.requested > Seconds(0) ? in.requested : in.mount_default;
    if (most > Seconds(0) && Duration(out.ttl) + age > Duration(most)) {
      if (in.requested > Seconds(0))
        out.warnings.push_back(fmt::format("TTL of \"{}\" exceeded the effective max_ttl of \"{}\"; TTL value is capped accordingly", text(in.requested), text(std::max(Seconds(0), left(most)))));
      out.ttl = std::max(Seconds(0), left(most));
    }
  }
  if (in.explicit_max > Seconds(0) && Duration(out.ttl) + age > Duration(in.explicit_max)) {
    out.ttl = std::max(Seconds(0), left(in.explicit_max));
  }
  return out;
}

}  // namespace coffer::token
