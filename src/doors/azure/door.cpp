#include "doors/azure/door.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "base/random.h"
#include "doors/azure/answers.h"
#include "doors/azure/authority.h"
#include "doors/azure/body.h"
#include "doors/azure/operations.h"

namespace coffer::doors::azure {
namespace {

constexpr std::size_t largest_body = 20u << 20;  // a backup; what else is too large says the operation
constexpr std::string_view login_label = "login";

// First segments of paths that are no vault's, whatever the host is called.
bool is_vaults_api(std::string_view path) { return path.starts_with("/v1/") || path == "/ui" || path.starts_with("/ui/"); }

// Paths of Key Vault, those that are not served included.
bool is_key_vaults(std::string_view path) {
  constexpr std::string_view firsts[] = {"secrets", "deletedsecrets", "keys", "deletedkeys", "certificates", "deletedcertificates"};
  const auto target = parse_target(path);
  return target && !target->segments.empty() &&
         std::ranges::any_of(firsts, [&](std::string_view first) { return ascii_iequal(first, target->segments[0]); });
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// 127.0.0.0/8 in its usual form, and the names that no resolver sends elsewhere (RFC 6761 section 6.3).
bool is_loopback(std::string_view name) {
  if (name == "localhost" || name.ends_with(".localhost") || name == "[::1]") return true;
  return name.starts_with("127.") && std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// What the URL says beside the body, as members of an object: `"version":"..."`.
Result<std::string> members_of_url(const Operation& operation, const Target& target, std::string_view api_version) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(out.empty() ? "" : ",").append(json::quoted(name)).append(":").append(json::quoted(value));
  };
  if (!operation.version.empty()) add("version", operation.version);
  if (!operation.is_list) return out;
  add("api-version", api_version);
  const std::string* most = find(target.query, "maxresults");
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (most != nullptr && (most->empty() || most->size() > 9 || !std::ranges::all_of(*most, digit)))
    return fail(Code::invalid_argument, "BadParameter", "maxresults must be between 1 and 25.");
  for (const std::string_view name : {"maxresults", "$skiptoken"})
    if (const std::string* value = find(target.query, name)) add(name, *value);
  return out;
}

}  // namespace

Door::Door(Settings settings, Clock& clock) : settings_(std::move(settings)), dotted_suffix_("." + settings_.suffix), clock_(clock) {}

bool Door::claims(const HttpRequest& http, Context& context) const {
  const std::string_view path = http.target.substr(0, http.target.find('?'));
  if (is_vaults_api(path)) return false;
  auto host = parse_host(header_of(http.headers, "host"));
  if (!host) return false;
  context.host = *std::move(host);
  return claims_vault(path, context) || claims_authority(http, context);
}

bool Door::claims_vault(std::string_view path, Context& context) const {
  const Host& host = context.host;
  if (const auto named = settings_.hosts.find(host.name); named != settings_.hosts.end()) {
    if (!is_key_vaults(path)) return false;  // the host may be that of other APIs too
    context.vault = named->second;
  } else if (host.name.ends_with(dotted_suffix_)) {
    const std::string_view label = std::string_view(host.name).substr(0, host.name.size() - dotted_suffix_.size());
    if (!is_label(label) || label == login_label) return false;
    context.vault = label;
  } else {
    return false;
  }
  context.purpose = Purpose::operation;
  return true;
}

std::string Door::authority_base(const Host& host) const {
  return settings_.authority.empty() ? "https://" + std::string(login_label) + dotted_suffix_ + host.port : settings_.authority;
}
std::string Door::authority_of(const Host& host) const { return authority_base(host) + "/" + settings_.tenant; }

// A document tells where to send secrets, so no name that only the request brings may stand in it: what a proxy keeps of it would send others there. Names that
// this server goes by lie below its suffix or are configured; a loopback name is no other place than the caller's own machine.
std::string Door::document_base(const Host& host) const {
  const bool known = host.name.ends_with(dotted_suffix_) || settings_.hosts.contains(host.name) || is_loopback(host.name);
  return known && settings_.authority.empty() ? "https://" + host.whole() : authority_base(host);
}

std::string Door::resource_of(const Host& host) const {
  std::string_view parent = settings_.suffix;
  if (settings_.hosts.contains(host.name)) {
    const std::size_t dot = host.name.find('.');
    parent = dot == host.name.npos ? host.name : std::string_view(host.name).substr(dot + 1);
  }
  return "https://" + std::string(parent) + host.port;
}

bool Door::claims_authority(const HttpRequest& http, Context& context) const {
  if (http.target == "/") return false;  // AWS's
  const auto target = parse_target(http.target);
  if (!target) return false;
  const auto purpose = purpose_of(http.method, *target, document_base(context.host), settings_.tenant, context.body);
  if (purpose) context.purpose = *purpose;
  return purpose.has_value();
}

Result<core::Request> Door::decode(const HttpRequest& http, Context& context) const {
  switch (context.purpose) {
    case Purpose::operation: return decode_operation(http, context);
    case Purpose::token: return decode_token(http, context);
    case Purpose::identity_login:
    case Purpose::identity_token: return decode_identity(http, context);
    case Purpose::document: break;
  }
  core::Request out = begin(http, schema::Verb::read);
  out.path = TRY(CanonicalPath::from_decoded("sys/internal/azure"));
  out.by_action = std::make_unique<core::ByAction>();
  out.by_action->scope.action = "azure:Discover";
  return out;
}

Result<core::Request> Door::decode_operation(const HttpRequest& http, Context& context) const {
  core::Request out = begin(http, schema::Verb::write);
  // Who shows no token is told where to get one, before anything else is looked at.
  const auto token = read_bearer(http.headers);
  if (!token || token->empty()) return missing_token();
  out.token = *token;
  auto target = parse_target(http.target);
  if (!target) return fail(Code::invalid_argument, "BadParameter", std::move(target).error().message);
  const std::string api_version = TRY(api_version_of(*target));
  const auto place = settings_.vaults.find(context.vault);
  const Place own = place != settings_.vaults.end() ? place->second : Place{context.vault + "/", ""};
  Operation operation = TRY(operation_of(http.method, *target, own));
  if (http.body.size() > largest_body) return fail(Code::too_large, "the request is too large");

  out.path = TRY(CanonicalPath::from_decoded(own.mount + operation.path));
  out.by_action = std::make_unique<core::ByAction>();
  out.by_action->takes_signed_tokens = true;
  ActionScope& scope = out.by_action->scope;
  scope.action = operation.action;
  scope.name_prefix = own.folder;
  scope.account.reserve(8 + context.host.name.size() + context.host.port.size());
  scope.account.append("https://").append(context.host.name).append(context.host.port);
  std::string members = TRY(members_of_url(operation, *target, api_version));
  const std::string_view body = operation.has_body ? http.body : std::string_view();
  if (!members.empty() || operation.has_body)
    out.parse_body = [action = operation.action, body, members = std::move(members)] { return read_body(action, body, members); };
  return out;
}

}  // namespace coffer::doors::azure
