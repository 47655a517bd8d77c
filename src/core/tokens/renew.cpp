#include "core/tokens/renew.h"

#include "core/tokens/create.h"
#include "token/limits.h"

namespace coffer::core {
namespace {

// What bounds the renewal of a login's token: the parameters as the auth method has them now.
Result<token::TtlInput> limits_of_login(const Caller& caller, const Exchange& x, token::Record& t, Seconds increment) {
  const Mount* mount = x.mounts->by_accessor(t.mount_accessor);
  if (mount == nullptr) return fail(Code::permission_denied, "the auth mount that made this token is gone");
  Caller on_mount = caller;
  on_mount.mount = &mount->info;
  const auto now = TRY(
      mount->slot->backend->renew_login(on_mount, spaces_of(caller).read(mount->space), {t.internal, t.alias_name, t.policies, t.period}));
  t.period = now.token_period;
  return token::TtlInput{increment > Seconds(0) ? increment : now.token_ttl,
                         t.period,
                         now.token_max_ttl,
                         t.explicit_max_ttl,
                         mount->info.default_ttl,
                         mount->info.max_ttl,
                         t.creation,
                         caller.now};
}

// What bounds the renewal of another token: its role as it is now, where it has one.
Result<token::TtlInput> limits_of_token(const Caller& caller, const Exchange& x, const Snapshot& tokens, const token::Record& t,
                                        Seconds increment) {
  const Mount* mount = x.mounts->find("auth/token/");
  if (mount == nullptr) return fail(Code::internal, "auth/token/ is not mounted");
  Seconds period = t.period, explicit_max = t.explicit_max_ttl;
  if (!t.role.empty()) {
    const auto role = TRY(read_role(tokens, t.role));
    if (!role) return invalid("original token role " + json::quoted(t.role) + " could not be found, not renewing");
    period = period_of(*role);
    explicit_max = smaller(explicit_max, explicit_max_of(*role));
  }
  const Seconds as_before = period > Seconds(0) ? Seconds(0) : t.creation_ttl;
  return token::TtlInput{increment > Seconds(0) ? increment : as_before,
                         period,
                         t.max_ttl,
                         explicit_max,
                         mount->info.default_ttl,
                         mount->info.max_ttl,
                         t.creation,
                         caller.now};
}

}  // namespace

Result<Renewed> renew_token(const Caller& caller, std::string_view id, Seconds increment, std::string_view missing) {
  Transaction& tokens = spaces_of(caller).write(token::space(caller.tenant));
  const auto stored = TRY(token::find(tokens, id));
  if (!stored || stored->expired(caller.now)) return invalid(std::string(missing));
  if (stored->expire == Time() || !stored->renewable) return invalid("lease is not renewable");
  const Exchange& x = exchange_of(caller);
  Renewed out{*stored, {}};
  token::Record& t = out.record;
  const bool login = !t.mount_accessor.empty() && t.role.empty();
  const auto ttl =
      token::effective_ttl(login ? TRY(limits_of_login(caller, x, t, increment)) : TRY(limits_of_token(caller, x, tokens, t, increment)));
  if (ttl.ttl <= Seconds(0)) return invalid("past the max TTL, cannot renew");
  t.ttl = ttl.ttl;
  t.expire = ttl.expire;
  t.last_renewal = caller.now;
  out.warnings = ttl.warnings;
  CHECK_OK(token::update(tokens, *stored, t));
  return out;
}

}  // namespace coffer::core
