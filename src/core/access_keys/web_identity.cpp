#include "core/access_keys/web_identity.h"

#include <algorithm>

#include "crypto/claims.h"
#include "crypto/jws.h"

namespace coffer::core {
namespace {

constexpr Seconds leeway{60};  // clocks differ

std::unexpected<Error> not_good(const char* type, std::string message) { return fail(Code::bad_credentials, type, std::move(message)); }
std::unexpected<Error> not_authorized() {
  return fail(Code::permission_denied, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
}

bool subject_fits(const std::vector<std::string>& bounds, std::string_view subject) {
  return std::any_of(bounds.begin(), bounds.end(), [&](std::string_view bound) {
    if (!bound.ends_with('*')) return bound == subject;
    bound.remove_suffix(1);
    return subject.starts_with(bound);
  });
}

// The first of the token's audiences that the role takes.
std::string audience_of(const crypto::Claims& claims, const std::vector<std::string>& bounds) {
  for (const std::string_view value : claims.texts("aud"))
    if (std::find(bounds.begin(), bounds.end(), value) != bounds.end()) return std::string(value);
  return {};
}

}  // namespace

Result<WebIdentity> judge_web_identity(const KeyRole& role, std::string_view token, Time now) {
  if (role.public_keys.empty() && role.jwks.empty()) return not_authorized();
  const auto keys = TRY(crypto::VerificationKeys::load(role.public_keys, role.jwks));
  const auto payload = keys.verify(token, now);
  if (!payload) return not_good("InvalidIdentityToken", "Couldn't verify the web identity token: " + payload.error().message);
  const auto claims = crypto::Claims::parse(*payload);
  if (!claims) return not_good("InvalidIdentityToken", "The web identity token holds no claims, or one twice");
  switch (claims->at(now, leeway)) {
    case crypto::Claims::Span::none: return not_good("InvalidIdentityToken", "Missing a required claim: exp");
    case crypto::Claims::Span::after: return not_good("ExpiredTokenException", "Token expired: the web identity token's time is over");
    case crypto::Claims::Span::before: return not_good("InvalidIdentityToken", "The web identity token is not valid yet");
    case crypto::Claims::Span::within: break;
  }
  WebIdentity out;
  out.issuer = claims->text("iss");
  out.subject = claims->text("sub");
  out.audience = audience_of(*claims, role.bound_audiences.items);
  if (out.issuer.empty() || out.issuer != role.bound_issuer || out.subject.empty() || out.subject.size() > 256 || out.audience.empty() ||
      !subject_fits(role.bound_subjects.items, out.subject))
    return not_authorized();
  return out;
}

}  // namespace coffer::core
