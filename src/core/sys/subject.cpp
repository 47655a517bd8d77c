#include "core/sys/subject.h"

#include "core/envelope.h"

namespace coffer::core {

Result<LiveTokenPtr> token_by_text(const Caller& caller, std::string_view text) {
  Exchange& x = exchange_of(caller);
  auto found = x.runtime->authenticate(text, x.view);
  if (!found) return invalid(joined_error("invalid token"));
  return *found;
}

Result<LiveTokenPtr> token_by_accessor(const Caller& caller, std::string_view accessor) {
  Exchange& x = exchange_of(caller);
  const auto record = TRY(token::find_by_accessor(spaces_of(caller).read(token::space(caller.tenant)), accessor));
  LiveTokenPtr live = record ? TRY(x.runtime->live(record->id, x.view)) : nullptr;
  if (!live) return invalid(joined_error("invalid accessor"));
  return live;
}

}  // namespace coffer::core
