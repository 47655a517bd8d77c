#include "server/functions/lambda.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/glob.h"
#include "base/json.h"
#include "doors/aws/sign.h"
#include "doors/aws/sigv4_parts.h"
#include "outbound/dialer.h"
#include "rotation/machine.h"

namespace coffer::server {
namespace {

constexpr std::size_t largest_text = 300;  // bytes of a function's own words

std::string_view member(json::Value body, std::string_view name) {
  const auto found = body.find(name);
  return found && found->is_string() ? found->text() : std::string_view();
}

// What a function says went wrong: {"errorType": ..., "errorMessage": ...}.
std::string words_of(json::Value body) {
  const std::string_view type = member(body, "errorType"), message = member(body, "errorMessage");
  if (type.empty() && message.empty()) return {};
  return fmt::format(": {}{}{}", rotation::kept_text(type, largest_text), type.empty() || message.empty() ? "" : ": ",
                     rotation::kept_text(message, largest_text));
}

// An answer is a success only where nothing in it says otherwise: emulators tell of errors in the body alone.
Result<void> judge(const outbound::Response& answer) {
  const auto body = json::Document::parse(answer.body.empty() ? "null" : answer.body, {.depth = 16, .values = 10'000, .members = 1'000});
  const bool is_object = body && body->root().is_object();
  const std::string words = is_object ? words_of(body->root()) : std::string();
  if (answer.status / 100 == 3)
    return fail(Code::unavailable, fmt::format("the endpoint answered {}: redirects are not followed", answer.status));
  if (answer.status / 100 != 2) {
    // The service's own errors have a Message.
    const std::string_view message = is_object && words.empty() ? member(body->root(), "Message") : std::string_view();
    return fail(Code::unavailable, fmt::format("the endpoint answered {}{}{}{}", answer.status, words, message.empty() ? "" : ": ",
                                               rotation::kept_text(message, largest_text)));
  }
  if (!answer.header("x-amz-function-error").empty() || !words.empty()) return fail(Code::unavailable, "the function failed" + words);
  if (!body) return fail(Code::unavailable, "the endpoint's answer is no JSON: it may be no function");
  return {};
}

}  // namespace

const FunctionPlace* LambdaFunctions::place_of(std::string_view target) const {
  const std::string_view name = rotation::function_name(target);
  const auto found = std::ranges::find_if(
      settings_.places, [&](const FunctionPlace& place) { return glob(place.pattern, target) || glob(place.pattern, name); });
  return found == settings_.places.end() || name.empty() ? nullptr : &*found;
}

Result<void> LambdaFunctions::invoke(const rotation::Call& call) const {
  const FunctionPlace* place = place_of(call.target);
  if (place == nullptr) return fail(Code::not_found, "no endpoint is configured for this function");
  const outbound::Url url = TRY(outbound::parse_url(place->endpoint));
  const std::string_view name = place->name.empty() ? rotation::function_name(call.target) : std::string_view(place->name);
  std::string target = url.path + "/2015-03-31/functions/";
  doors::aws::append_encoded(target, name);
  target += "/invocations";
  outbound::Request request;
  request.url = fmt::format("{}://{}{}", url.tls ? "https" : "http", url.authority, target);
  request.body = call.event;
  request.ca_file = place->ca_file;
  request.timeout = place->timeout;
  request.given_up = call.given_up;
  request.headers = {{"content-type", "application/json"}, {"host", url.authority}};
  const std::string date = doors::aws::basic_time(clock_.now());
  const bool is_signed = !settings_.access_key_id.empty() && !settings_.secret_access_key.empty();
  if (is_signed) request.headers.emplace_back("x-amz-date", date);
  request.headers.emplace_back("x-amz-invocation-type", "RequestResponse");
  if (is_signed) {
    std::vector<HeaderView> signed_headers;
    for (const auto& [header, value] : request.headers) signed_headers.push_back({header, value});
    const doors::aws::Signer signer{settings_.access_key_id, settings_.secret_access_key.reveal_text(), settings_.region, "lambda"};
    request.headers.emplace_back("authorization",
                                 doors::aws::authorization_for({"POST", target, call.event, signed_headers}, signer, date));
  }
  return judge(TRY(outbound::post(request)));
}

}  // namespace coffer::server
