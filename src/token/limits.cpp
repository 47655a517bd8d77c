#include "token/limits.h"

#include <fmt/format.h>

namespace coffer::token {
namespace {

constexpr Seconds longest{100LL * 365 * 86'400};  // what a Time can hold beyond the present, with room

std::string quoted(Seconds time) { return "\"" + short_duration(time) + "\""; }

}  // namespace

TtlResult effective_ttl(const TtlInput& in) {
  TtlResult out;
  const Time born = in.created.value_or(in.now);
  const auto left_until = [&](Time end) { return std::max(Seconds(0), std::chrono::ceil<Seconds>(end - in.now)); };
  const auto grant = [&](Seconds ttl) {
    out.ttl = std::min(ttl, longest);
    out.expire = in.now + out.ttl;
  };
  // True when `limit`, counted from the token's birth, was passed.
  const auto cap = [&](Seconds limit) {
    if (limit <= Seconds(0) || limit > longest || out.expire <= born + limit) return false;
    out.expire = born + limit;
    out.ttl = left_until(out.expire);
    return true;
  };

  if (in.period > Seconds(0)) {
    grant(in.period);
    if (in.period > in.mount_max && in.mount_max > Seconds(0)) {
      grant(in.mount_max);
      out.warnings.push_back(fmt::format("period of {} exceeded the effective max_ttl of {}; period value is capped accordingly",
                                         quoted(in.period), quoted(in.mount_max)));
    }
  } else {
    Seconds most = in.mount_max;
    if (in.max > Seconds(0)) {
      if (most > Seconds(0) && in.max > most)
        out.warnings.push_back(
            fmt::format("max_ttl of {} is greater than the system or mount max_ttl of {}; max_ttl value is capped accordingly",
                        quoted(in.max), quoted(most)));
      else most = in.max;
    }
    grant(in.requested > Seconds(0) ? in.requested : in.mount_default);
    if (cap(most) && in.requested > Seconds(0))
      out.warnings.push_back(fmt::format("TTL of {} exceeded the effective max_ttl of {}; TTL value is capped accordingly",
                                         quoted(in.requested), quoted(out.ttl)));
  }
  cap(in.explicit_max);
  return out;
}

}  // namespace coffer::token
