#include "core/access_keys/web_identity.h"

#include "base/json.h"
#include "crypto/jws.h"

namespace coffer::core {
namespace {

constexpr Seconds leeway{60};  // clocks differ

std::unexpected<Error> not_good(const char* type, std::string message) { return fail(Code::bad_credentials, type, std::move(message)); }
std::unexpected<Error> not_authorized() {
  return fail(Code::permission_denied, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
}

std::optional<Time> time_of(json::Value claims, std::string_view name) {
  const auto value = claims.find(name);
  const auto seconds = value ? value->as_double() : std::nullopt;
  if (!seconds || *seconds < 0 || *seconds > 8e9) return std::nullopt;
  return Time(Seconds(static_cast<std::int64_t>(*seconds)));
}

bool subject_fits(const std::vector<std::string>& bounds, std::string_view subject) {
  return std::any_of(bounds.begin(), bounds.end(), [&](std::string_view bound) {
    if (!bound.ends_with('*')) return bound == subject;
    bound.remove_suffix(1);
    return subject.starts_with(bound);
  });
}

// The first of the token's audiences that the role takes.
std::string audience_of(json::Value claims, const std::vector<std::string>& bounds) {
  const auto audience = claims.find("aud");
  if (!audience) return {};
  std::vector<json::Value> given = audience->elements();
  if (audience->is_string()) given.push_back(*audience);
  for (const json::Value& value : given)
    if (value.is_string() && std::find(bounds.begin(), bounds.end(), value.text()) != bounds.end()) return std::string(value.text());
  return {};
}

}  // namespace

Result<WebIdentity> judge_web_identity(const KeyRole& role, std::string_view token, Time now) {
  if (role.public_keys.empty() && role.jwks.empty()) return not_authorized();
  const auto keys = TRY(crypto::VerificationKeys::load(role.public_keys, role.jwks));
  const auto payload = keys.verify(token);
  if (!payload) return not_good("InvalidIdentityToken", "Couldn't verify the web identity token: " + payload.error().message);
  const auto document = json::Document::parse(*payload, {.depth = 16, .values = 2000, .members = 500, .string_bytes = 64 << 10});
  if (!document || !document->root().is_object()) return not_good("InvalidIdentityToken", "The web identity token holds no claims");
  const json::Value claims = document->root();
  const auto expires = time_of(claims, "exp");
  if (!expires) return not_good("InvalidIdentityToken", "Missing a required claim: exp");
  if (*expires + leeway <= now) return not_good("ExpiredTokenException", "Token expired: the web identity token's time is over");
  for (const std::string_view name : {"nbf", "iat"})
    if (claims.find(name))
      if (const auto from = time_of(claims, name); !from || *from > now + leeway)
        return not_good("InvalidIdentityToken", "The web identity token is not valid yet");
  const auto issuer = claims.find("iss"), subject = claims.find("sub");
  WebIdentity out;
  if (issuer && issuer->is_string()) out.issuer = issuer->text();
  if (subject && subject->is_string()) out.subject = subject->text();
  out.audience = audience_of(claims, role.bound_audiences.items);
  if (out.issuer.empty() || out.issuer != role.bound_issuer || out.subject.empty() || out.subject.size() > 256 || out.audience.empty() ||
      !subject_fits(role.bound_subjects.items, out.subject))
    return not_authorized();
  return out;
}

}  // namespace coffer::core
