#include "doors/azure/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "core/refusals.h"
#include "doors/azure/authority.h"
#include "doors/azure/operations.h"

namespace coffer::doors::azure {
namespace {

constexpr const char* no_token = "Unauthorized";
constexpr std::int64_t endless = 86'400;  // what is told of a token that does not end, in seconds

// The caller's own, as it is seen here; who comes by a socket of this machine has none.
std::string_view address_of(const HttpRequest& http) {
  return http.remote_address.empty() ? std::string_view("127.0.0.1") : http.remote_address;
}

struct WireError {
  int status = 500;
  std::string_view code = "InternalServerError", inner;
  std::string message;
};

std::string caller_of(std::string_view authority, const core::Request* request) {
  const std::string principal = request != nullptr && request->by_action ? request->by_action->scope.principal : std::string();
  return fmt::format("{};iss={}/", principal.empty() ? "appid=" : principal, authority);
}

// An address that a token is not bound to.
std::string outside(const HttpRequest& http, const Context& context, std::string_view authority, const core::Request* request) {
  return fmt::format(
      "Client address is not authorized and caller is not a trusted service.\r\nClient address: {}\r\nCaller: {}\r\nVault: "
      "{};location=local\r\n",
      address_of(http), caller_of(authority, request), context.vault);
}

std::string denied(const Context& context, std::string_view authority, const core::Request* request) {
  std::string_view permission = request != nullptr && request->by_action ? request->by_action->scope.action : std::string_view();
  if (const std::size_t colon = permission.find(':'); colon != permission.npos) permission.remove_prefix(colon + 1);
  return fmt::format(
      "The user, group or application '{}' does not have secrets {} permission on key vault '{};location=local'. For help "
      "resolving "
      "this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287",
      caller_of(authority, request), permission_word(permission), context.vault);
}

std::string without_prefix(std::string_view message) {
  constexpr std::string_view prefix = "Field validation failed: ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  return std::string(message);
}

WireError of_code(const Error& error) {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::bad_credentials:
    case Code::unsupported_media: return {400, "BadParameter", {}, without_prefix(error.message)};
    case Code::unauthenticated: return {401, "Unauthorized", {}, "AKV10022: The token is not known here, has expired or was revoked."};
    case Code::permission_denied: return {403, "Forbidden", "AccessDenied", {}};  // the text: Door::error_answer
    case Code::not_found:
    case Code::unsupported_path:
    case Code::unsupported_operation: return {404, "VaultNotFound", {}, "There is no vault of this name here."};
    case Code::too_large: return {413, "RequestEntityTooLarge", {}, "The request is too large."};
    case Code::rate_limited:
      return {
          429, "Throttled", {}, "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"};
    case Code::sealed:
    case Code::not_initialized: return {503, "ServiceUnavailable", {}, "The server is sealed."};
    case Code::unavailable: return {503, "ServiceUnavailable", {}, "The server is not available now; try again."};
    case Code::storage_full: return {507, "InsufficientStorage", {}, "The server's storage is full."};
    case Code::conflict: return {409, "Conflict", {}, "A concurrent change won; try again."};
    case Code::corrupt:
    case Code::internal: break;
  }
  return {500, "InternalServerError", {}, "An error occurred on the server side."};
}

int status_of(std::string_view code, int otherwise) {
  struct Status {
    std::string_view code;
    int status;
  };
  constexpr Status statuses[] = {{"BadParameter", 400},  {"Unauthorized", 401}, {"Forbidden", 403}, {"SecretNotFound", 404},
                                 {"VaultNotFound", 404}, {"NotFound", 404},     {"Conflict", 409},  {"MethodNotAllowed", 405}};
  for (const Status& s : statuses)
    if (s.code == code) return s.status;
  return otherwise;
}

WireError wire_error(const Error& error) {
  WireError out = of_code(error);
  if (error.type == nullptr) return out;
  const std::string_view type = error.type;
  if (type == core::address_refused) {
    out.inner = "ForbiddenByFirewall";  // the text: Door::error_answer
    return out;
  }
  const std::size_t slash = type.find('/');
  out.code = type.substr(0, slash);
  out.inner = slash == type.npos ? std::string_view() : type.substr(slash + 1);
  out.message = error.message;
  out.status = status_of(out.code, out.status);
  return out;
}

bool may_echo(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// How the caller came, of which nothing is told but its own address.
std::string network_info(std::string_view address) {
  const bool six = address.find(':') != address.npos;
  return fmt::format("conn_type={};addr={};act_addr_fam={};", six ? "Ipv6" : "Ipv4", address, six ? "InterNetworkV6" : "InterNetwork");
}

void add_headers(const HttpRequest& http, std::string_view request_id, HttpAnswer& out) {
  static constexpr HeaderView fixed[] = {{"Cache-Control", "no-cache"},
                                         {"Pragma", "no-cache"},
                                         {"Expires", "-1"},
                                         {"x-ms-keyvault-region", "local"},
                                         {"x-ms-keyvault-service-version", "1.9.0.0"},
                                         {"Strict-Transport-Security", "max-age=31536000;includeSubDomains"},
                                         {"X-Content-Type-Options", "nosniff"},
                                         {"Content-Type", "application/json; charset=utf-8"}};
  out.fixed_headers = fixed;
  out.headers.reserve(4);
  out.headers.emplace_back("x-ms-request-id", request_id);
  out.headers.emplace_back("x-ms-keyvault-network-info", network_info(address_of(http)));
  if (const std::string_view id = header_of(http.headers, "x-ms-client-request-id"); may_echo(id))
    out.headers.emplace_back("x-ms-client-request-id", id);
}

void add_oauth_headers(HttpAnswer& out) {
  out.headers.emplace_back("Cache-Control", "no-store");
  out.headers.emplace_back("Pragma", "no-cache");
  out.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
}

// The number in "AADSTS700027: ...".
std::optional<std::int64_t> code_in(std::string_view text) {
  constexpr std::string_view prefix = "AADSTS";
  std::int64_t number = 0;
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto [end, fault] = std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
  return fault == std::errc() ? std::optional(number) : std::nullopt;
}

// RFC 6749 section 5.2, with the members that Entra ID adds.
HttpAnswer oauth_error(const Error& error, std::string_view request_id) {
  HttpAnswer out;
  add_oauth_headers(out);
  std::string_view name = "invalid_client", text = "AADSTS7000215: Invalid client secret provided, or no such client.";
  switch (error.code) {
    case Code::bad_credentials:
    case Code::unauthenticated:
    case Code::permission_denied: out.status = 401; break;
    case Code::invalid_argument: out.status = error.type == nullptr || std::string_view(error.type) == "invalid_client" ? 401 : 400; break;
    case Code::rate_limited:
      out.status = 429, name = "temporarily_unavailable", text = "Too many requests.";
      out.headers.emplace_back("Retry-After", "1");
      break;
    case Code::too_large: out.status = 413, name = "invalid_request", text = "The request is too large."; break;
    case Code::sealed:
    case Code::not_initialized:
    case Code::unavailable: out.status = 503, name = "temporarily_unavailable", text = "The server is not available now."; break;
    case Code::not_found:
    case Code::unsupported_path:
    case Code::unsupported_operation:
      out.status = 400, name = "invalid_request", text = "The authority's login mount does not exist.";
      break;
    default: out.status = 500, name = "server_error", text = "An error occurred on the server side."; break;
  }
  if (is_oauth_error(error)) name = error.type, text = error.message;
  json::Writer w(out.body);
  w.begin_object().key("error").string(name).key("error_description").string(text);
  w.key("error_codes").begin_array();
  if (const auto number = code_in(text)) w.integer(*number);
  w.end_array().key("correlation_id").string(request_id).key("trace_id").string(request_id).end_object();
  return out;
}

HttpAnswer token_answer(std::string_view token, std::int64_t seconds) {
  HttpAnswer out;
  add_oauth_headers(out);
  json::Writer w(out.body);
  w.begin_object().key("token_type").string("Bearer").key("expires_in").integer(seconds).key("ext_expires_in").integer(seconds);
  w.key("access_token").string(token).end_object();
  return out;
}

// Numbers as texts, as both endpoints of managed identities have them.
HttpAnswer identity_answer(const Context& context, std::string_view token, std::int64_t seconds, Time now) {
  HttpAnswer out;
  add_oauth_headers(out);
  const std::int64_t from = unix_seconds(now);
  json::Writer w(out.body);
  w.begin_object().key("access_token").string(token).key("token_type").string("Bearer").key("resource").string(context.identity_resource);
  w.key("expires_in").string(std::to_string(seconds)).key("expires_on").string(std::to_string(from + seconds));
  w.key("not_before").string(std::to_string(from)).end_object();
  return out;
}

// How long the token that looked itself up is good.
std::int64_t seconds_left(const schema::Reply& reply) {
  std::string text;
  json::Writer w(text);
  if (reply.data) reply.data->encode(w);
  const auto document = json::Document::parse(text);
  wipe(text);
  const auto ttl = document ? document->root().find("ttl") : std::optional<json::Value>();
  const std::int64_t seconds = ttl ? ttl->as_int().value_or(0) : 0;
  return seconds > 0 ? seconds : endless;
}

}  // namespace

std::unexpected<Error> missing_token() {
  return fail(Code::unauthenticated, no_token, "AKV10000: Request is missing a Bearer or PoP token.");
}

// RFC 6750 section 3, in the very form that the SDKs take apart: no "=" inside values, ", " between them.
std::string Door::challenge(const Context& context, bool had_token) const {
  const std::string authority = authority_of(context.host);
  if (!had_token) return fmt::format(R"(Bearer authorization="{}", resource="{}")", authority, resource_of(context.host));
  // A token that is no longer good: clients that keep tokens let go of theirs only when they are told what the next must have.
  const std::string claims = fmt::format(R"({{"access_token":{{"nbf":{{"essential":true,"value":"{}"}}}}}})", unix_seconds(clock_.now()));
  return fmt::format(R"(Bearer realm="", authorization_uri="{}/oauth2/authorize", error="insufficient_claims", claims="{}")", authority,
                     base64_encode(claims));
}

HttpAnswer Door::encode(const HttpRequest& http, const Context& context, const Error& error, std::string_view request_id) const {
  if (context.purpose != Purpose::operation && context.purpose != Purpose::document) return oauth_error(error, request_id);
  return error_answer(http, context, error, nullptr, request_id);
}

HttpAnswer Door::error_answer(const HttpRequest& http, const Context& context, const Error& error, const core::Request* request,
                              std::string_view request_id) const {
  HttpAnswer out;
  WireError wire = wire_error(error);
  if (wire.inner == "AccessDenied") wire.message = denied(context, authority_of(context.host), request);
  if (wire.inner == "ForbiddenByFirewall") wire.message = outside(http, context, authority_of(context.host), request);
  out.status = wire.status;
  add_headers(http, request_id, out);
  if (wire.status == 401 && context.purpose == Purpose::operation)
    out.headers.emplace_back("WWW-Authenticate", challenge(context, error.type == nullptr));
  if (wire.status == 429) out.headers.emplace_back("Retry-After", "1");
  json::Writer w(out.body);
  w.begin_object().key("error").begin_object().key("code").string(wire.code).key("message").string(wire.message);
  if (!wire.inner.empty()) w.key("innererror").begin_object().key("code").string(wire.inner).end_object();
  w.end_object().end_object();
  return out;
}

HttpAnswer Door::encode(const HttpRequest& http, const Context& context, const core::Request& request, const core::Outcome& outcome) const {
  const bool operation = context.purpose == Purpose::operation || context.purpose == Purpose::document;
  if (outcome.error)
    return operation ? error_answer(http, context, *outcome.error, &request, request.id) : oauth_error(*outcome.error, request.id);
  const schema::Reply& reply = outcome.reply;
  if (context.purpose == Purpose::identity_token) return identity_answer(context, request.token, seconds_left(reply), clock_.now());
  if (!operation) {
    if (!reply.auth) return oauth_error(Error{}, request.id);
    const std::int64_t ttl = reply.auth->lease_duration.count() > 0 ? reply.auth->lease_duration.count() : endless;
    const std::string_view token = reply.auth->client_token.reveal_text();
    return context.purpose == Purpose::token ? token_answer(token, ttl) : identity_answer(context, token, ttl, clock_.now());
  }
  HttpAnswer out;
  add_headers(http, request.id, out);
  if (context.purpose == Purpose::document) {
    out.body = context.body;
  } else if (reply.data) {
    json::Writer w(out.body);
    reply.data->encode(w);
  } else {
    out.status = 204;
    out.fixed_headers = out.fixed_headers.first(out.fixed_headers.size() - 1);  // there is no content that has a type
  }
  return out;
}

}  // namespace coffer::doors::azure
