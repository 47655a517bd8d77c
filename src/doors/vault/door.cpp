#include "doors/vault/door.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/header_lookup.h"
#include "base/random.h"
#include "core/envelope.h"
#include "core/request_settings.h"
#include "doors/vault/body.h"

namespace coffer::doors::vault {
namespace {

Refused bad_request(std::string message) { return {400, {Code::invalid_argument, std::move(message)}, "application/json", {}}; }
Refused empty_errors(int status) { return {status, {Code::invalid_argument, ""}, "application/json", {}}; }

// X-Vault-Token wins over `Authorization: Bearer`; two that differ are an error, not a guess.
std::expected<std::string_view, Refused> read_token(const HttpRequest& http) {
  if (header_count(http.headers, "x-vault-token") > 1 || header_count(http.headers, "authorization") > 1) return std::unexpected(bad_request("the token header stands more than once"));
  const std::string_view own = header_of(http.headers, "x-vault-token");
  std::string_view bearer = header_of(http.headers, "authorization");
  if (bearer.size() >= 7 && ascii_iequal(bearer.substr(0, 7), "bearer ")) bearer.remove_prefix(7);
  else bearer = {};
  while (bearer.starts_with(' ')) bearer.remove_prefix(1);
  if (!own.empty() && !bearer.empty() && own != bearer)
    return std::unexpected(bad_request("X-Vault-Token and Authorization hold different tokens; send one of them"));
  const std::string_view token = own.empty() ? bearer : own;
  if (token.size() > 8192) return std::unexpected(bad_request("the token is longer than 8192 bytes"));
  return token;
}

// "a/b/" is a/b; "root", "/" and "" are the root namespace.
std::expected<std::string_view, Refused> read_name_space(const HttpRequest& http) {
  std::string_view name = header_of(http.headers, "x-vault-namespace");
  if (name.empty()) return name;
  if (header_count(http.headers, "x-vault-namespace") > 1) return std::unexpected(bad_request("the namespace header stands more than once"));
  if (name.size() > CanonicalPath::max_length) return std::unexpected(bad_request("the namespace is longer than 4096 bytes"));
  while (name.starts_with('/')) name.remove_prefix(1);
  while (name.ends_with('/')) name.remove_suffix(1);
  return name == "root" ? std::string_view() : name;
}

std::expected<std::optional<Seconds>, Refused> read_wrap_ttl(const HttpRequest& http) {
  const std::string_view text = header_of(http.headers, "x-vault-wrap-ttl");
  if (text.empty()) return std::optional<Seconds>{};
  const auto ttl = parse_duration(text);
  if (!ttl) return std::unexpected(bad_request("error parsing X-Vault-Wrap-TTL header: " + ttl.error().message));
  if (*ttl < Duration(0)) return std::unexpected(bad_request("error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative"));
  const auto seconds = std::chrono::duration_cast<Seconds>(*ttl);
  if (seconds == Seconds(0)) return std::optional<Seconds>{};
  if (seconds > Seconds(10LL * 365 * 86'400)) return std::unexpected(bad_request("error parsing X-Vault-Wrap-TTL header: longer than ten years"));
  return std::optional<Seconds>(seconds);
}

struct Method {
  schema::Verb verb = schema::Verb::read;
  bool known = true;
};

Method method_of(std::string_view method) {
  using enum schema::Verb;
  if (method == "GET" || method == "HEAD" || method == "HELP") return {read};
  if (method == "LIST") return {list};
  if (method == "SCAN") return {scan};
  if (method == "POST" || method == "PUT") return {write};
  if (method == "PATCH") return {patch};
  if (method == "DELETE") return {remove};
  return {read, false};
}

// Media type without parameters.
std::string_view media_type(std::string_view content_type) {
  const std::string_view out = content_type.substr(0, content_type.find(';'));
  const std::size_t end = out.find_last_not_of(' ');
  return end == out.npos ? std::string_view() : out.substr(0, end + 1);
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::bad_credentials: return 400;
    case Code::unauthenticated:
    case Code::permission_denied: return 403;
    case Code::not_found:
    case Code::unsupported_path: return 404;
    case Code::unsupported_operation: return 405;
    case Code::unsupported_media: return 415;
    case Code::conflict: return 409;
    case Code::too_large: return 413;
    case Code::rate_limited: return 429;
    case Code::not_initialized:
    case Code::sealed:
    case Code::unavailable: return 503;
    case Code::storage_full: return 507;
    case Code::corrupt:
    case Code::internal: return 500;
  }
  return 500;
}

std::expected<core::Request, Refused> decode(const HttpRequest& http) {
  const std::size_t question = http.target.find('?');
  std::string_view path = http.target.substr(0, question);
  const std::string_view query = question == http.target.npos ? std::string_view() : http.target.substr(question + 1);
  if (path == "/robots.txt") return std::unexpected(Refused{404, {Code::not_found, ""}, "text/plain; charset=utf-8", "404 page not found\n"});
  const Method method = method_of(http.method);
  if (!method.known && http.method != "OPTIONS") return std::unexpected(empty_errors(405));
  if (!path.starts_with("/v1/")) return std::unexpected(Refused{404, {Code::not_found, ""}, "application/json", {}});
  path.remove_prefix(4);
  if (path.size() > CanonicalPath::max_length * 3) return std::unexpected(bad_request("path is longer than 4096 bytes"));
  auto canonical = CanonicalPath::from_encoded(path);
  if (!canonical) return std::unexpected(bad_request(canonical.error().message));

  core::Request out = begin(http, method.verb);
  out.help = http.method == "HELP";
  out.preflight = http.method == "OPTIONS";
  out.path = *std::move(canonical);
  const auto name_space = read_name_space(http);
  if (!name_space) return std::unexpected(name_space.error());
  out.name_space = *name_space;
  const auto token = read_token(http);
  if (!token) return std::unexpected(token.error());
  out.token = *token;
  const auto wrap = read_wrap_ttl(http);
  if (!wrap) return std::unexpected(wrap.error());
  out.wrap_ttl = *wrap;

  if (!query.empty()) {
    const auto special = read_query_flags(query);
    if (!special) return std::unexpected(bad_request(special.error().message));
    out.help = out.help || special->help;
    if (special->list && special->scan) return std::unexpected(bad_request("a request may list or scan, not both"));
    if (http.method == "GET" && special->list) out.verb = schema::Verb::list;
    if (http.method == "GET" && special->scan) out.verb = schema::Verb::scan;
  }
  if (out.verb == schema::Verb::list || out.verb == schema::Verb::scan) out.path = out.path.as_folder();
  if ((out.verb == schema::Verb::write || out.verb == schema::Verb::patch) && !out.path.empty() && out.path.is_folder())
    return std::unexpected(bad_request("cannot write to a path ending in '/'"));
  if (out.verb == schema::Verb::patch) {
    const std::string_view type = media_type(http.content_type);
    if (type.empty()) return std::unexpected(bad_request("mime: no media type"));
    if (!ascii_iequal(type, "application/merge-patch+json"))
      return std::unexpected(Refused{415, {Code::unsupported_media, "PATCH requires Content-Type of application/merge-patch+json, provided " + std::string(type)}, "application/json", {}});
  }
  const bool in_query = out.verb == schema::Verb::read || out.verb == schema::Verb::list || out.verb == schema::Verb::scan ||
                        (out.verb == schema::Verb::remove && http.body.empty());
  if (in_query) {
    if (!query.empty()) out.parse_body = [query] { return parse_query(query); };
  } else if (!http.body.empty()) {
    out.parse_body = [&http, body = http.body] { return parse_body(body, http.content_type); };
  }
  return out;
}

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

// What a browser wants to see before it lets the page read the answer, or send its request (Fetch standard, "CORS protocol").
void add_cors(const HttpRequest& http, const core::Request& request, const core::Cors& cors, HttpAnswer& out) {
  out.headers.emplace_back("Access-Control-Allow-Origin", std::string(header_of(http.headers, "origin")));
  out.headers.emplace_back("Vary", "Origin");
  const bool for_all = std::find(cors.allowed_origins.begin(), cors.allowed_origins.end(), "*") != cors.allowed_origins.end();
  if (cors.allow_credentials && !for_all) out.headers.emplace_back("Access-Control-Allow-Credentials", "true");
  if (!request.preflight) return;
  out.headers.emplace_back("Access-Control-Allow-Methods", "DELETE, GET, LIST, OPTIONS, PATCH, POST, PUT, SCAN");
  out.headers.emplace_back("Access-Control-Allow-Headers", joined(cors.headers()));
  out.headers.emplace_back("Access-Control-Max-Age", "300");
}

void add_rate(const core::RateState& rate, HttpAnswer& out) {
  out.headers.emplace_back("X-Ratelimit-Limit", std::to_string(rate.limit));
  out.headers.emplace_back("X-Ratelimit-Remaining", std::to_string(rate.remaining));
  out.headers.emplace_back("X-Ratelimit-Reset", std::to_string(rate.reset.count()));
}

}  // namespace

HttpAnswer encode(const HttpRequest& http, const Refused& refused) {
  HttpAnswer out;
  out.status = refused.status;
  out.headers.emplace_back("Content-Type", refused.content_type);
  out.headers.emplace_back("Cache-Control", "no-store");
  if (!refused.raw_body.empty()) out.body = refused.raw_body;
  else append_errors(out.body, refused.error.message);
  if (http.method == "HEAD") out.body.clear();
  return out;
}

HttpAnswer encode(const HttpRequest& http, const core::Request& request, const core::Outcome& outcome) {
  HttpAnswer out;
  out.headers.emplace_back("Cache-Control", "no-store");
  if (outcome.cors) add_cors(http, request, *outcome.cors, out);
  if (outcome.rate) add_rate(*outcome.rate, out);
  const std::string_view space = header_of(http.headers, "x-vault-namespace");
  if (!space.empty() && space.size() < 256) out.headers.emplace_back("X-Vault-Namespace", std::string(space));
  const schema::Reply& reply = outcome.reply;
  if (outcome.error) {
    out.status = status_of(outcome.error->code);
    if (out.status == 429 || out.status == 503) out.headers.emplace_back("Retry-After", std::to_string(outcome.rate ? std::max<std::int64_t>(outcome.rate->reset.count(), 1) : 1));
    append_errors(out.body, outcome.error->message);
  } else if (reply.form == schema::Reply::Form::raw) {
    out.status = reply.status;
    out.headers.emplace_back("Content-Type", reply.raw.content_type);
    out.body = reply.raw.bytes;
    out.stream = reply.raw.stream;
    return out;
  } else if (reply.form == schema::Reply::Form::bare) {
    out.status = reply.status;
    json::Writer w(out.body);
    if (reply.data) reply.data->encode(w);
    out.body.push_back('\n');
  } else if (reply.form == schema::Reply::Form::none && reply.status == 404) {
    out.status = 404;
    append_errors(out.body, "");
  } else if (reply.form == schema::Reply::Form::none) {
    out.status = reply.status;
  } else {
    out.status = reply.wrap ? 200 : reply.status;
    core::append_envelope(out.body, request.id, outcome);
  }
  out.headers.emplace_back("Content-Type", "application/json");
  if (http.method == "HEAD") out.body.clear();
  return out;
}

}  // namespace coffer::doors::vault
