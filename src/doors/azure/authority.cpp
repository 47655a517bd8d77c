#include "doors/azure/authority.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/header_lookup.h"

namespace coffer::doors::azure {
namespace {

constexpr std::string_view assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::string_view trusted_realm = "http://schemas.microsoft.com/rel/trusted-realm";

// A tenant as it may stand in URLs: "adfs", a GUID, a domain.
bool is_tenant(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

// OpenID Connect Discovery 1.0, section 3.
std::string metadata(std::string_view base, std::string_view tenant, bool second_version) {
  const std::string root = std::string(base) + "/" + std::string(tenant);
  const std::string oauth = root + "/oauth2" + (second_version ? "/v2.0" : "");
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("issuer").string(root + (second_version ? "/v2.0" : ""));
  w.key("authorization_endpoint").string(oauth + "/authorize");
  w.key("token_endpoint").string(oauth + "/token");
  w.key("device_authorization_endpoint").string(oauth + "/devicecode");
  w.key("end_session_endpoint").string(oauth + "/logout");
  w.key("jwks_uri").string(root + "/discovery/keys");
  w.key("token_endpoint_auth_methods_supported").begin_array().string("client_secret_post").string("private_key_jwt").end_array();
  w.key("response_types_supported").begin_array().string("token").end_array();
  w.key("grant_types_supported").begin_array().string("client_credentials").end_array();
  w.key("subject_types_supported").begin_array().string("pairwise").end_array();
  w.key("id_token_signing_alg_values_supported").begin_array().string("RS256").end_array();
  w.key("scopes_supported").begin_array().string("openid").end_array();
  w.end_object();
  return out;
}

std::string webfinger(std::string_view base, std::string_view tenant, const Parameters& query) {
  std::string out;
  json::Writer w(out);
  w.begin_object();
  const std::string* subject = find(query, "resource");
  w.key("subject").string(subject == nullptr ? base : std::string_view(*subject));
  w.key("links").begin_array().begin_object();
  w.key("rel").string(trusted_realm).key("href").string(std::string(base) + "/" + std::string(tenant));
  w.end_object().end_array().end_object();
  return out;
}

std::string instances(std::string_view base, std::string_view tenant) {
  const std::string_view host = base.substr(base.find("//") + 2);
  std::string out;
  json::Writer w(out);
  w.begin_object();
  w.key("tenant_discovery_endpoint").string(std::string(base) + "/" + std::string(tenant) + "/v2.0/.well-known/openid-configuration");
  w.key("api-version").string("1.1");
  w.key("metadata").begin_array().begin_object();
  w.key("preferred_network").string(host).key("preferred_cache").string(host);
  w.key("aliases").begin_array().string(host).end_array();
  w.end_object().end_array().end_object();
  return out;
}

bool is_path(const std::vector<std::string>& segments, std::initializer_list<std::string_view> words) {
  return std::ranges::equal(segments, words, [](const std::string& a, std::string_view b) { return ascii_iequal(a, b); });
}

// Of the paths below a tenant.
std::optional<Purpose> below_tenant(std::string_view method, const std::vector<std::string>& s, std::string_view base,
                                    std::string& document) {
  if (s.size() < 3 || !is_tenant(s[0])) return std::nullopt;
  const std::vector<std::string> rest(s.begin() + 1, s.end());
  if (is_path(rest, {"oauth2", "token"}) || is_path(rest, {"oauth2", "v2.0", "token"}))
    return method == "POST" ? std::optional(Purpose::token) : std::nullopt;
  if (method != "GET") return std::nullopt;
  if (is_path(rest, {".well-known", "openid-configuration"})) {
    document = metadata(base, s[0], false);
  } else if (is_path(rest, {"v2.0", ".well-known", "openid-configuration"})) {
    document = metadata(base, s[0], true);
  } else if (is_path(rest, {"discovery", "keys"}) || is_path(rest, {"discovery", "v2.0", "keys"})) {
    document = R"({"keys":[]})";  // its tokens are opaque: there is no signature to check
  } else {
    return std::nullopt;
  }
  return Purpose::document;
}

}  // namespace

std::optional<Purpose> purpose_of(std::string_view method, const Target& target, std::string_view base, std::string_view tenant,
                                  std::string& document) {
  const auto& s = target.segments;
  if (s.empty() || s[0] == "v1") return std::nullopt;
  if (const auto purpose = below_tenant(method, s, base, document)) return purpose;
  if (method != "GET") return std::nullopt;
  if (is_path(s, {"msi", "token"}) || is_path(s, {"metadata", "identity", "oauth2", "token"})) return Purpose::identity_token;
  if (is_path(s, {".well-known", "webfinger"})) {
    const std::string* rel = find(target.query, "rel");
    if (rel == nullptr || *rel != trusted_realm) return std::nullopt;
    document = webfinger(base, tenant, target.query);
  } else if (is_path(s, {"common", "discovery", "instance"})) {
    document = instances(base, tenant);
  } else if ((is_path(s, {"subscriptions"}) || is_path(s, {"tenants"})) && find(target.query, "api-version") != nullptr) {
    document = R"({"value":[]})";  // what `az login` asks the resource manager: there are no subscriptions here
  } else {
    return std::nullopt;
  }
  return Purpose::document;
}

bool is_oauth_error(const Error& error) {
  constexpr std::string_view names[] = {"invalid_request", "invalid_client", "unsupported_grant_type", "invalid_grant"};
  return error.type != nullptr && std::ranges::find(names, std::string_view(error.type)) != std::end(names);
}

// Client credentials (RFC 6749 section 4.4): a login of the AppRole whose role id and secret id they are, or of an application by its assertion.
Result<core::Request> Door::decode_token(const HttpRequest& http, const Context& context) const {
  constexpr std::size_t largest_form = 64u << 10;
  if (http.body.size() > largest_form) return fail(Code::too_large, "the request is too large");
  auto form = parse_parameters(http.body);
  if (!form) return fail(Code::invalid_argument, "invalid_request", std::move(form).error().message);
  const auto member = [&](std::string_view name) {
    const std::string* value = find(*form, name);
    return value == nullptr ? std::string() : *value;
  };
  if (member("grant_type") != "client_credentials")
    return fail(Code::invalid_argument, "unsupported_grant_type", "AADSTS70003: The grant type is not supported: use client_credentials.");
  std::string role_id = member("client_id"), secret_id = member("client_secret"), assertion = member("client_assertion");
  if (role_id.empty())
    return fail(Code::invalid_argument, "invalid_request",
                "AADSTS900144: The request body must contain the following parameter: 'client_id'.");
  if (!assertion.empty()) {
    if (member("client_assertion_type") != assertion_type)
      return fail(Code::invalid_argument, "invalid_request",
                  "The client_assertion_type is none that is known: use " + std::string(assertion_type) + ".");
    if (!secret_id.empty())
      return fail(Code::invalid_argument, "invalid_request",
                  "The request body must contain one of 'client_assertion' and 'client_secret', not both.");
    return log_in_by_assertion(http, context, std::move(role_id), std::move(assertion));
  }
  if (secret_id.empty())
    return fail(Code::invalid_argument, "invalid_client",
                "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.");
  return log_in(http, std::move(role_id), std::move(secret_id));
}

// RFC 7523 section 2.2: a login of an application, which judges the assertion by the authority's own address.
Result<core::Request> Door::log_in_by_assertion(const HttpRequest& http, const Context& context, std::string client_id,
                                                std::string assertion) const {
  core::Request out = begin(http, schema::Verb::write);
  out.path = TRY(CanonicalPath::from_decoded(settings_.app_mount + "login"));
  out.by_action = std::make_unique<core::ByAction>();
  out.by_action->scope.action = "azure:LogIn";
  out.by_action->scope.account = authority_base(context.host);
  std::string body = R"({"client_id":)" + json::quoted(client_id) + R"(,"client_assertion":)" + json::quoted(assertion) + "}";
  wipe(assertion);
  auto document = std::make_shared<json::Document>(TRY(json::Document::parse(body)));
  wipe(body);
  out.parse_body = [document]() -> Result<json::Document> { return std::move(*document); };
  return out;
}

Result<core::Request> Door::log_in(const HttpRequest& http, std::string role_id, std::string secret_id) const {
  core::Request out = begin(http, schema::Verb::write);
  out.path = TRY(CanonicalPath::from_decoded(settings_.login_mount + "login"));
  std::string body = R"({"role_id":)" + json::quoted(role_id);
  if (!secret_id.empty()) body += R"(,"secret_id":)" + json::quoted(secret_id);
  body += "}";
  wipe(secret_id);
  auto document = std::make_shared<json::Document>(TRY(json::Document::parse(body)));
  wipe(body);
  out.parse_body = [document]() -> Result<json::Document> { return std::move(*document); };
  return out;
}

// App Service's form shows a secret in a header: a token of this server, or "<role id>:<secret id>". The machine's form shows nothing, so the role that
// client_id names must need no secret id; addresses are its bound then.
Result<core::Request> Door::decode_identity(const HttpRequest& http, Context& context) const {
  const Target target = TRY(parse_target(http.target));
  const auto refuse = [](std::string message) { return fail(Code::invalid_argument, "invalid_request", std::move(message)); };
  if (const std::string* resource = find(target.query, "resource")) context.identity_resource = *resource;
  if (context.identity_resource.empty()) return refuse("The query must name the resource that the token is for.");
  const bool of_machine = ascii_iequal(target.segments[0], "metadata");
  if (of_machine) {
    if (!ascii_iequal(header_of(http.headers, "metadata"), "true")) return refuse("The header Metadata: true is missing.");
    // A request that was sent on by a program that can be made to fetch URLs.
    if (!header_of(http.headers, "x-forwarded-for").empty()) return refuse("The request came through a proxy.");
    const std::string* client_id = find(target.query, "client_id");
    if (client_id == nullptr || client_id->empty())
      return refuse("The query must name the identity by client_id, which is the id of a role.");
    context.purpose = Purpose::identity_login;
    return log_in(http, *client_id, "");
  }
  const std::string_view shown = header_of(http.headers, "x-identity-header");
  if (shown.empty() || shown.size() > 8192)
    return fail(Code::unauthenticated, "invalid_client", "The header X-IDENTITY-HEADER is missing.");
  if (const std::size_t colon = shown.find(':'); colon != shown.npos) {
    context.purpose = Purpose::identity_login;
    return log_in(http, std::string(shown.substr(0, colon)), std::string(shown.substr(colon + 1)));
  }
  core::Request out = begin(http, schema::Verb::write);
  out.verb = schema::Verb::read;
  out.path = TRY(CanonicalPath::from_decoded("auth/token/lookup-self"));
  out.by_action = std::make_unique<core::ByAction>();
  out.by_action->scope.action = "azure:GetManagedIdentity";
  out.token = shown;
  return out;
}

}  // namespace coffer::doors::azure
