#include "cli/client/client.h"

#include <fmt/format.h>

#include "cli/client/preview.h"
#include "cli/context.h"

namespace coffer::cli {
namespace {

std::string target_of(std::string_view path, const Query& query) {
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string target = "/v1/" + percent_encode(path, true);
  char separator = '?';
  for (const auto& [name, value] : query) {
    target += separator + percent_encode(name, false) + "=" + percent_encode(value, false);
    separator = '&';
  }
  return target;
}

Query with(Query query, std::string name, std::string value) {
  query.emplace_back(std::move(name), std::move(value));
  return query;
}

std::string_view capability_of(std::string_view method, const Query& query) {
  for (const auto& [name, value] : query)
    if ((name == "list" || name == "scan") && value == "true") return name == "list" ? "list" : "scan";
  return method == "GET" ? "read" : method == "PATCH" ? "patch" : method == "DELETE" ? "delete" : "update";
}

std::vector<std::string> texts(json::Value list) {
  std::vector<std::string> out;
  for (const json::Value& element : list.elements()) out.emplace_back(element.is_string() ? element.text() : element.raw());
  return out;
}

}  // namespace

Answer::Answer(int status, std::string body, json::Document document)
    : status_(status), body_(std::move(body)), document_(std::make_shared<const json::Document>(std::move(document))) {}

json::Value Answer::member(std::string_view name) const {
  const json::Value top = root();
  if (!top.is_object()) return {};
  return top.find(name).value_or(json::Value());
}

std::vector<std::string> Answer::warnings() const { return texts(member("warnings")); }

Failure failed(std::string_view prefix, RequestError error, int exit_code) {
  if (!error.preview.empty()) return Failure{exit_ok, {}, {}, std::move(error.preview), {}};
  return Failure{exit_code, std::string(prefix) + error.text, std::move(error.next), {}, std::move(error.denial)};
}

Client::Plain::Plain(Client& client)
    : client_(client),
      wrap_ttl_(std::exchange(client.options_.wrap_ttl, {})),
      preview_(std::exchange(client.options_.preview, Preview::none)) {}
Client::Plain::~Plain() {
  client_.options_.wrap_ttl = std::move(wrap_ttl_);
  client_.options_.preview = preview_;
}

Reply<MaybeAnswer> Client::read(std::string_view path, const Query& query) { return ask("GET", path, query, {}, true); }

Reply<MaybeAnswer> Client::list(std::string_view path, const Query& query) {
  return ask("GET", path, with(query, "list", "true"), {}, true);
}

Reply<MaybeAnswer> Client::scan(std::string_view path, const Query& query) {
  return ask("GET", path, with(query, "scan", "true"), {}, true);
}

Reply<MaybeAnswer> Client::write(std::string_view path, std::string body) { return ask("PUT", path, {}, std::move(body), false); }

Reply<MaybeAnswer> Client::post(std::string_view path, std::string body) { return ask("POST", path, {}, std::move(body), false); }

Reply<MaybeAnswer> Client::patch(std::string_view path, std::string body) { return ask("PATCH", path, {}, std::move(body), false); }

Reply<MaybeAnswer> Client::remove(std::string_view path, const Query& query, std::string body) {
  return ask("DELETE", path, query, std::move(body), false);
}

Reply<HttpResponse> Client::raw(std::string_view method, std::string_view path, const Query& query, std::string body) {
  return perform(method, path, query, std::move(body));
}

Reply<HttpResponse> Client::stream(std::string_view path, const Query& query, std::function<bool(std::string_view)> on_data) {
  return perform("GET", path, query, {}, std::move(on_data));
}

Reply<MaybeAnswer> Client::ask(std::string_view method, std::string_view path, const Query& query, std::string body, bool nothing_on_404) {
  Reply<HttpResponse> response = perform(method, path, query, std::move(body));
  if (!response) {
    // A 404 may still carry what the caller wants to see: warnings, or the metadata of a deleted version.
    if (response.error().status != 404 || !nothing_on_404) return std::unexpected(std::move(response).error());
    Result<json::Document> parsed = json::Document::parse(response.error().body);
    if (!parsed) return MaybeAnswer();
    Answer answer(404, std::move(response.error().body), std::move(*parsed));
    if (answer.warnings().empty() && answer.data().size() == 0) return MaybeAnswer();
    return MaybeAnswer(std::move(answer));
  }
  if (response->status == 204 || response->body.empty()) return MaybeAnswer();
  Result<json::Document> parsed = json::Document::parse(response->body);
  if (!parsed)
    return std::unexpected(RequestError{.status = response->status, .text = "the server's answer is no JSON: " + parsed.error().message});
  return MaybeAnswer(Answer(response->status, std::move(response->body), std::move(*parsed)));
}

Reply<HttpResponse> Client::perform(std::string_view method, std::string_view written, const Query& query, std::string body,
                                    std::function<bool(std::string_view)> on_data) {
  const std::string path = single_slashes(written);
  HttpRequest request{std::string(method), target_of(path, query), headers(method), std::move(body), std::move(on_data)};
  if (options_.preview == Preview::curl) return std::unexpected(RequestError{.preview = curl_preview(options_, request)});
  if (options_.preview == Preview::policy) return std::unexpected(RequestError{.preview = policy_preview(method, path, query)});
  Expected<HttpResponse> response = transport_->send(request);
  wipe(request.body);
  for (auto& [name, value] : request.headers) wipe(value);
  if (!response)
    return std::unexpected(RequestError{.text = std::move(response.error().text), .next = std::move(response.error().next)});
  if (response->status >= 200 && response->status < 400) return std::move(*response);
  RequestError error = status_error(method, request.target, *response);
  if (error.status == 403 && !options_.token.empty()) error.denial = Denial{std::string(capability_of(method, query)), path};
  return std::unexpected(std::move(error));
}

std::vector<std::pair<std::string, std::string>> Client::headers(std::string_view method) const {
  std::vector<std::pair<std::string, std::string>> out;
  out.emplace_back("X-Vault-Request", "true");
  if (!options_.token.empty()) out.emplace_back("X-Vault-Token", std::string(options_.token.reveal_text()));
  if (!options_.name_space.empty()) out.emplace_back("X-Vault-Namespace", options_.name_space);
  if (!options_.wrap_ttl.empty()) out.emplace_back("X-Vault-Wrap-TTL", options_.wrap_ttl);
  for (const std::string& credential : options_.mfa) out.emplace_back("X-Vault-MFA", credential);
  if (options_.policy_override) out.emplace_back("X-Vault-Policy-Override", "true");
  if (method == "PATCH") out.emplace_back("Content-Type", "application/merge-patch+json");
  else if (method != "GET") out.emplace_back("Content-Type", "application/json");
  for (const auto& header : options_.headers) out.push_back(header);
  return out;
}

RequestError Client::status_error(std::string_view method, const std::string& target, const HttpResponse& response) const {
  RequestError error;
  error.status = response.status;
  std::string base = options_.connection.address;
  UnixAddress local;
  if (parse_unix_address(base, local)) base = local.base_url;
  while (base.ends_with('/')) base.pop_back();
  error.text = "Error making API request.\n\n";
  if (!options_.name_space.empty()) error.text += "Namespace: " + options_.name_space + "\n";
  error.text += fmt::format("URL: {} {}{}\nCode: {}. ", method, base, target, response.status);
  const Result<json::Document> parsed = json::Document::parse(response.body);
  const std::optional<json::Value> errors = parsed && parsed->root().is_object() ? parsed->root().find("errors") : std::nullopt;
  if (!parsed || !parsed->root().is_object()) {
    error.text += "Raw Message:\n\n" + response.body;
  } else {
    error.text += "Errors:\n\n";
    if (errors) error.errors = texts(*errors);
    for (std::size_t i = 0; i < error.errors.size(); ++i) error.text += (i == 0 ? "* " : "\n* ") + error.errors[i];
  }
  error.body = response.body;
  return error;
}

}  // namespace coffer::cli
