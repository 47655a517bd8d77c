#include "core/sys/ceremony.h"

#include "barrier/ceremony.h"
#include "base/log.h"

namespace coffer::core::ceremony {

std::string_view initiator(const Caller& c) { return c.token_accessor.empty() ? c.token_id : c.token_accessor; }

Result<void> permit(const Caller& c, bool open_to_all) {
  if (c.sudo || open_to_all) return {};
  if (c.token_id.empty()) return fail(Code::unsupported_operation, "unsupported operation");
  return fail(Code::permission_denied, joined_error("permission denied"));
}

Result<SecretBytes> key_of(const Share& in) {
  if (in.key.empty()) return invalid("'key' must be specified in request body as JSON");
  return barrier::decode_key(in.key);
}

bool put_back(const Result<void>& done, std::string_view what) {
  if (!done) log::error("a {} whose answer could not be audited could not be taken back: {}", what, done.error().message);
  return done.has_value();
}

}  // namespace coffer::core::ceremony
