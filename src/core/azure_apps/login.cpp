#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/cidr.h"
#include "base/encoding.h"
#include "core/azure_apps/backend.h"
#include "core/azure_apps/trust.h"
#include "crypto/hash.h"

// Logins by client assertions (RFC 7523 section 2.2): of an application's own making, signed with the key of one of its certificates and good for one login, or
// tokens of an issuer that it is federated with. Errors have Entra ID's codes, and tell nothing to who has no signature that fits.
namespace coffer::core {
namespace {

using crypto::Claims;

constexpr Seconds leeway{60};                  // clocks differ
constexpr Seconds longest_life{24 * 60 * 60};  // of an application's own assertion: so long it must be remembered
constexpr std::size_t forgotten_at_once = 500;
constexpr std::string_view used_until = "used-until/";

// A key whose other half nobody has: what is signed by nobody known costs what the rest does.
constexpr std::string_view nobodys_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6tzN80hpK0EDG3TZjbpV\n"
    "SaRLUK/QpaKKlp4osa98Xm+vDpAr6BH5OspLnJMbtRE07sgHvAdPTSRKLx8XDR9j\n"
    "epw7u3MdzY5GqaH1H3yNV06xlfd1h4MGFJ8YeHjDSF4lyvJp25vcvNr5UyKM4x50\n"
    "kgbzWgV2QQ/bqtP8ZZlkhdatu86pKX7RMhX62FNV+LR3mIAqoB2cr4vGdNX9iUKF\n"
    "7wElwwL2/OoD2HgfS9pF17+lalM0hoTYd/9IlnA0Lh/vc5flRmANiDLgXjc+7YrR\n"
    "dKHURTdhcYjuAX2k+zctUrG4J7/BxV56lF5Q4UP/3mcV1n2T40wu16u2iaf7ICj5\n"
    "uwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

std::unexpected<Error> refused(std::string message) { return fail(Code::bad_credentials, "invalid_client", std::move(message)); }
std::unexpected<Error> wrong_signature() {
  return refused("AADSTS700027: Client assertion failed signature validation, or there is no such client.");
}
std::unexpected<Error> malformed() { return refused("AADSTS50027: JWT token is invalid or malformed."); }
std::unexpected<Error> wrong_time() { return refused("AADSTS700024: Client assertion is not within its valid time range."); }

std::unexpected<Error> signed_by_nobody(std::string_view assertion, Time now) {
  const std::array pems{std::string(nobodys_key)};
  if (const auto keys = crypto::VerificationKeys::load(pems, "")) (void)keys->verify(assertion, now);
  return wrong_signature();
}

Result<void> check_times(const Claims& claims, Time now) {
  switch (claims.at(now, leeway)) {
    case Claims::Span::within: return {};
    case Claims::Span::none: return malformed();
    case Claims::Span::before:
    case Claims::Span::after: break;
  }
  return wrong_time();
}

// "https://login.example:8200/<tenant>/oauth2/v2.0/token" and the like. Clients may have left the port out of the Host header that `base` is of.
bool is_own_endpoint(std::string_view audience, std::string_view base) {
  if (audience.size() < base.size() || !ascii_iequal(audience.substr(0, base.size()), base)) return false;
  audience.remove_prefix(base.size());
  if (audience.starts_with(':') && base.rfind(':') < 6)
    audience.remove_prefix(std::min(audience.find_first_not_of("0123456789", 1), audience.size()));
  while (audience.ends_with('/')) audience.remove_suffix(1);
  if (!audience.starts_with('/')) return false;
  const std::size_t tenant_end = audience.find('/', 1);
  const std::string_view rest = tenant_end == audience.npos ? std::string_view() : audience.substr(tenant_end);
  return audience.size() > 1 && (rest.empty() || rest == "/v2.0" || rest == "/oauth2/token" || rest == "/oauth2/v2.0/token");
}

// Remembers an assertion until its end; false when it was used before.
Result<bool> take_once(Transaction& view, std::string_view client_id, std::string_view assertion, const Claims& claims, Time end) {
  const std::string_view named = claims.text("jti"), whole = assertion.substr(0, assertion.rfind('.'));
  const std::string digest =
      hex_encode(crypto::as_text(crypto::sha256({client_id, std::string_view("\0", 1), named.empty() ? whole : named})));
  const std::string key = "used/" + digest;
  if (TRY(view.get(key))) return false;
  const std::string until = fmt::format("{:016x}", static_cast<std::uint64_t>(unix_seconds(end + leeway) + 1));
  CHECK_OK(view.put(key, until));
  CHECK_OK(view.put(std::string(used_until) + until + "/" + digest, ""));
  return true;
}

// An assertion of the application's own making.
Result<void> judge_own(const Caller& c, Transaction& view, std::string_view client_id, const AzureApp* app, std::string_view assertion) {
  if (app == nullptr || app->certificates.empty()) return signed_by_nobody(assertion, c.now);
  const auto keys = TRY(crypto::VerificationKeys::load(app->certificates, ""));
  const auto payload = keys.verify(assertion, c.now);
  if (!payload) return wrong_signature();
  const auto claims = Claims::parse(*payload);
  if (!claims) return malformed();
  if (!ascii_iequal(claims->text("iss"), client_id) || !ascii_iequal(claims->text("sub"), client_id))
    return refused("AADSTS700021: Client assertion application identifier doesn't match 'client_id' parameter.");
  const auto audiences = claims->texts("aud");
  if (std::ranges::none_of(audiences, [&](std::string_view audience) { return is_own_endpoint(audience, c.scope->account); }))
    return refused("AADSTS700023: Client assertion audience claim does not match Realm issuer.");
  CHECK_OK(check_times(*claims, c.now));
  const Time end = claims->time("exp").value_or(c.now);
  if (end > c.now + longest_life) return wrong_time();
  if (!TRY(take_once(view, client_id, assertion, *claims, end))) return refused("AADSTS50013: Client assertion has been used before.");
  return {};
}

// A token of an issuer that the application is federated with. It may be used as often as it likes: pods log in with the one that they have.
Result<void> judge_federated(const Caller& c, const Snapshot& view, std::string_view client_id, const AzureApp* app,
                             std::string_view assertion) {
  const Exchange& x = exchange_of(c);
  const auto trust = TRY(x.runtime->trust(x.view));
  const auto claims = trust ? trust->signed_by_issuer_of(x.mount->entry.uuid, assertion, c.now) : std::nullopt;
  if (!claims) return signed_by_nobody(assertion, c.now);
  const auto credentials = app == nullptr ? std::vector<FederatedCredential>() : TRY(federated_of(view, client_id));
  const auto audiences = claims->texts("aud");
  const bool known = std::ranges::any_of(credentials, [&](const FederatedCredential& credential) {
    return credential.issuer == claims->text("iss") && credential.subject == claims->text("sub") &&
           std::ranges::any_of(audiences, [&](std::string_view audience) {
             return std::ranges::find(credential.audiences.items, audience) != credential.audiences.items.end();
           });
  });
  if (!known) return refused("AADSTS70021: No matching federated identity record found for presented assertion.");
  return check_times(*claims, c.now);
}

}  // namespace

Result<schema::Login> AzureAppBackend::log_in(const Caller& c, Transaction& view, const AssertedLogin& in) {
  const std::string client_id = ascii_lower(in.client_id);
  const auto unread = Claims::unverified(in.assertion);
  if (!unread) return malformed();
  auto app = check_app_name(client_id, "") ? TRY(find_app(view, client_id)) : std::optional<AzureApp>();
  const bool own = ascii_iequal(unread->text("iss"), client_id);
  const AzureApp* const known = app ? &*app : nullptr;
  CHECK_OK(own ? judge_own(c, view, client_id, known, in.assertion) : judge_federated(c, view, client_id, known, in.assertion));
  const auto& blocks = app->token.token_bound_cidrs.items;
  if (!blocks.empty() && !cidr_list_contains(blocks, c.remote_address.empty() ? "127.0.0.1" : c.remote_address)) return wrong_signature();
  schema::Login out;
  out.alias_name = client_id;
  out.display_name = client_id;
  out.metadata = {{"appid", client_id}};
  if (!own) {
    out.metadata.emplace("iss", unread->text("iss"));
    out.metadata.emplace("sub", unread->text("sub"));
  }
  out.alias_metadata = {{"appid", client_id}};
  out.internal = client_id;
  out.token = std::move(app->token);
  return out;
}

Result<schema::TokenParameters> AzureAppBackend::renew_login(const Caller&, const Snapshot& view, const LoginRecord& login) {
  auto app = TRY(find_app(view, login.internal));
  if (!app) return fail(Code::permission_denied, "the application that this token is of does not exist any more");
  return std::move(app->token);
}

Result<bool> AzureAppBackend::has_chores(const MountInfo&, const Snapshot& view, Time now) {
  const auto first = TRY(view.children(used_until, '\0', "", 1));
  return !first.empty() && first.front() < fmt::format("{:016x}", static_cast<std::uint64_t>(unix_seconds(now)));
}

Result<void> AzureAppBackend::do_chores(const MountInfo&, Transaction& view, Time now) {
  const std::string end = fmt::format("{:016x}", static_cast<std::uint64_t>(unix_seconds(now)));
  for (const std::string& name : TRY(view.children(used_until, '\0', "", forgotten_at_once))) {
    const std::size_t slash = name.find('/');
    if (name >= end || slash == name.npos) break;
    view.erase("used/" + name.substr(slash + 1));
    view.erase(std::string(used_until) + name);
  }
  return {};
}

}  // namespace coffer::core
