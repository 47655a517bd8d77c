#include "doors/aws/door.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "base/random.h"
#include "core/access_keys/secret.h"
#include "doors/aws/actions.h"
#include "doors/aws/errors.h"
#include "doors/aws/form.h"
#include "doors/aws/sigv4.h"

namespace coffer::doors::aws {
namespace {

constexpr std::string_view credentials_path = "/aws/credentials";
constexpr std::string_view target_prefix = "secretsmanager.";
constexpr std::size_t largest_json = 1 << 20, largest_form = 128 << 10;
constexpr json::Limits json_limits{.depth = 16, .values = 20'000, .members = 2'000, .string_bytes = 512 << 10};

std::unexpected<Error> unknown_action() { return fail(Code::unsupported_operation, "UnknownOperationException", "The action is none of Secrets Manager's."); }

bool is_form(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return ascii_iequal(type, "application/x-www-form-urlencoded");
}

std::string_view path_of(const HttpRequest& http) { return http.target.substr(0, http.target.find('?')); }

// The rest of a path below the door: "" for the door itself. Nothing: not this door's.
std::optional<std::string_view> below(std::string_view path, std::string_view prefix) {
  if (path == "/" || path == credentials_path) return path == "/" ? std::string_view() : path;
  if (prefix.empty() || !path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (path.empty() || path == "/") return std::string_view();
  return path == credentials_path ? std::optional(path) : std::nullopt;
}

SignedRequest signed_part(const HttpRequest& http, std::string_view host = {}) { return {http.method, http.target, http.body, http.headers, host}; }

bool fits(const crypto::HmacSha256& key, const SignedRequest& request, const Authorization& a) {
  static thread_local std::string canonical;
  canonical.clear();
  append_canonical_request(canonical, request, a);
  return signature_fits(key, string_to_sign(a, canonical), a.signature);
}

bool served(const std::vector<std::string>& regions, std::string_view region) {
  if (!regions.empty()) return std::find(regions.begin(), regions.end(), region) != regions.end();
  // It becomes a part of ARNs.
  return !region.empty() && region.size() <= 64 &&
         std::all_of(region.begin(), region.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// What a request names as its object, as it named it; "" when it names none. The document itself is gone once the request has run.
std::string resource_of(const HttpRequest& http, Protocol protocol) {
  if (protocol != Protocol::json) return {};
  const auto document = json::Document::parse(http.body, json_limits);
  if (!document) return {};
  for (const std::string_view name : {"SecretId", "Name"})
    if (const auto value = document->root().find(name)) return std::string(value->text().substr(0, 2048));
  return {};
}

// Moves a document that was parsed to find the path into the request, which asks for it once.
void keep(core::Request& request, json::Document document) {
  auto kept = std::make_shared<json::Document>(std::move(document));
  request.parse_body = [kept]() -> Result<json::Document> { return std::move(*kept); };
}

}  // namespace

bool Door::claims(const HttpRequest& http, bool alone) const {
  const auto rest = below(path_of(http), settings_.path_prefix);
  if (!rest) return false;
  if (!rest->empty()) return http.method == "GET";
  if (http.method != "POST") return false;
  return alone || !header_of(http.headers, "x-amz-target").empty() || header_of(http.headers, "authorization").starts_with("AWS4-") ||
         is_form(http.content_type) || path_of(http) != "/";
}

std::string_view Door::action_of(const HttpRequest& http) {
  std::string_view target = header_of(http.headers, "x-amz-target");
  if (!target.starts_with(target_prefix)) return {};
  target.remove_prefix(target_prefix.size());
  return secrets_action(target);
}

Protocol Door::protocol_of(const HttpRequest& http) const {
  if (http.method == "GET") return Protocol::container;
  return header_of(http.headers, "x-amz-target").empty() && is_form(http.content_type) ? Protocol::query : Protocol::json;
}

std::expected<core::Request, Refused> Door::decode(const HttpRequest& http) const {
  const Protocol protocol = protocol_of(http);
  auto request = protocol == Protocol::json ? decode_json(http) : protocol == Protocol::query ? decode_query(http) : decode_container(http);
  if (request) return *std::move(request);
  Refused refused{protocol, std::move(request).error(), {}};
  append_request_id(refused.request_id);
  return std::unexpected(std::move(refused));
}

core::Request Door::begin(const HttpRequest& http) const {
  core::Request out = doors::begin(http, schema::Verb::write);
  out.by_action = std::make_unique<core::ByAction>();
  ActionScope& scope = out.by_action->scope;
  scope.partition = settings_.partition;
  scope.account = settings_.account;
  scope.name_prefix = settings_.name_prefix;
  scope.primary_region = settings_.region;
  scope.tls = http.tls;
  return out;
}

Result<void> Door::sign_in(const HttpRequest& http, std::string_view service, core::Request& request) const {
  const Authorization a = TRY(read_authorization(signed_part(http)));
  CHECK_OK(check_scope(a, service, clock_.now()));
  if (!served(settings_.regions, a.region))
    return fail(Code::unauthenticated, "InvalidSignatureException", "Credential should be scoped to a valid region.");
  request.by_action->scope.region = a.region;
  auto claim = std::make_unique<core::Claim>();
  claim->key_id = a.key_id;
  claim->session_token = a.session_token;
  // The request is read where it lies: `http` lives until it is answered.
  claim->verify = [this, &http, a](const core::KeySecret& secret) {
    std::string scope;
    scope.append(a.date).append("/").append(a.region).append("/").append(a.service);
    const auto key = secret.derived(scope, [&] { return signing_key(secret.text().reveal_text(), a); });
    // A proxy that writes its own Host leaves the client's signature to be for another one.
    return fits(*key, signed_part(http), a) ||
           std::any_of(settings_.signed_hosts.begin(), settings_.signed_hosts.end(), [&](const std::string& host) { return fits(*key, signed_part(http, host), a); });
  };
  request.by_action->claim = std::move(claim);
  return {};
}

Result<core::Request> Door::decode_json(const HttpRequest& http) const {
  // What nobody may send is not hashed either.
  if (http.body.size() > largest_json) return fail(Code::too_large, "the request is too large");
  core::Request out = begin(http);
  CHECK_OK(sign_in(http, "secretsmanager", out));
  ActionScope& scope = out.by_action->scope;
  out.by_action->typed = true;
  scope.action = action_of(http);
  if (scope.action.empty()) return unknown_action();
  auto document = json::Document::parse(http.body.empty() ? std::string_view("{}") : http.body, json_limits);
  if (!document || !document->root().is_object())
    return fail(Code::invalid_argument, "SerializationException", "The body of the request is no JSON object that can be read.");
  CHECK_OK(aim(out, settings_, document->root()));
  keep(out, *std::move(document));
  return out;
}

Result<core::Request> Door::decode_query(const HttpRequest& http) const {
  core::Request out = begin(http);
  if (http.body.size() > largest_form) return fail(Code::too_large, "the request is too large");
  std::string text = TRY(form_as_json(http.body));
  auto document = TRY(json::Document::parse(text, json_limits));
  wipe(text);
  const auto member = [&](std::string_view name) {
    const auto value = document.root().find(name);
    return value ? std::string(value->text()) : std::string();
  };
  const std::string action = member("Action");
  ActionScope& scope = out.by_action->scope;
  if (action != "AssumeRoleWithWebIdentity") CHECK_OK(sign_in(http, "sts", out));
  std::string path = settings_.key_ring;
  if (action == "GetCallerIdentity") {
    scope.action = "sts:GetCallerIdentity";
    path += "identity";
  } else if (action == "AssumeRole" || action == "AssumeRoleWithWebIdentity") {
    const bool by_web = action != "AssumeRole";
    scope.action = by_web ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole";
    const std::string arn = member("RoleArn"), head = "arn:" + settings_.partition + ":iam::" + settings_.account + ":role/";
    if (!arn.starts_with(head) || arn.find('/', head.size()) != arn.npos || arn.size() == head.size())
      return fail(Code::invalid_argument, "ValidationError",
                  arn.starts_with("arn:") ? "The role is of another account, or has a path: roles are " + head + "<name>"
                                          : "RoleArn is missing or no ARN");
    path += (by_web ? "web-identity/" : "assume/") + arn.substr(head.size());
  } else {
    return fail(Code::unsupported_operation, "InvalidAction",
                "Could not find operation " + std::string(action.empty() ? "" : "of this name") + " for version 2011-06-15");
  }
  auto canonical = CanonicalPath::from_decoded(path);
  if (!canonical) return fail(Code::invalid_argument, "ValidationError", "The role's name is none.");
  out.path = *std::move(canonical);
  keep(out, std::move(document));
  return out;
}

Result<core::Request> Door::decode_container(const HttpRequest& http) const {
  core::Request out = begin(http);
  out.verb = schema::Verb::read;
  out.path = TRY(CanonicalPath::from_decoded(settings_.key_ring + "credentials"));
  out.by_action->scope.action = "coffer:ContainerCredentials";
  // The SDKs send what AWS_CONTAINER_AUTHORIZATION_TOKEN holds as it is.
  std::string_view token = header_of(http.headers, "authorization");
  if (token.size() >= 7 && ascii_iequal(token.substr(0, 7), "bearer ")) token.remove_prefix(7);
  if (token.size() > 8192) return invalid("the token is longer than 8192 bytes");
  out.token = token;
  return out;
}

HttpAnswer Door::encode(const Refused& refused) const {
  return error_answer(refused.protocol, wire_error(refused.protocol, refused.error, nullptr), refused.request_id);
}

HttpAnswer Door::encode(const HttpRequest& http, const core::Request& request, const core::Outcome& outcome) const {
  const Protocol protocol = protocol_of(http);
  if (outcome.error) {
    const std::string resource = outcome.error->code == Code::permission_denied ? resource_of(http, protocol) : std::string();
    return error_answer(protocol, wire_error(protocol, *outcome.error, &request, resource), request.id);
  }
  HttpAnswer out;
  out.headers.emplace_back("x-amzn-RequestId", request.id);
  const schema::Reply& reply = outcome.reply;
  std::string data;
  json::Writer w(data);
  if (reply.data)
    reply.data->encode(w);
  else
    data = "{}";
  if (protocol != Protocol::query) {
    static constexpr HeaderView as_json[] = {{"Cache-Control", "no-store"}, {"Content-Type", "application/x-amz-json-1.1"}};
    static constexpr HeaderView as_container[] = {{"Cache-Control", "no-store"}, {"Content-Type", "application/json"}};
    out.fixed_headers = protocol == Protocol::json ? as_json : as_container;
    out.body = std::move(data);
    return out;
  }
  static constexpr HeaderView xml[] = {{"Cache-Control", "no-store"}, {"Content-Type", "text/xml"}};
  out.fixed_headers = xml;
  const std::string name(request.by_action->scope.action.substr(4));
  out.body = "<" + name + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + name + "Result>";
  if (const auto document = json::Document::parse(data)) append_xml(out.body, document->root());
  wipe(data);
  out.body.append("</")
      .append(name)
      .append("Result><ResponseMetadata><RequestId>")
      .append(request.id)
      .append("</RequestId></ResponseMetadata></")
      .append(name)
      .append("Response>\n");
  return out;
}

}  // namespace coffer::doors::aws
