#include "server/frontend.h"

#include "base/random.h"
#include "doors/vault/door.h"
#include "server/loop_bridge.h"

namespace coffer::server {

namespace {
// The core's Loop over the HTTP server's.
class LoopBridge final : public core::Loop {
 public:
  explicit LoopBridge(http::Loop& loop) : loop_(loop) {}
  void post(std::move_only_function<void()> task) override { loop_.post(std::move(task)); }
  void at_end_of_pass(std::move_only_function<void()> task) override { loop_.at_end_of_pass(std::move(task)); }

 private:
  http::Loop& loop_;
};
}  // namespace

core::Loop& bridge(http::Loop& loop) {
  static thread_local std::vector<std::pair<http::Loop*, std::unique_ptr<LoopBridge>>> bridges;
  for (const auto& [of, made] : bridges)
    if (of == &loop) return *made;
  bridges.emplace_back(&loop, std::make_unique<LoopBridge>(loop));
  return *bridges.back().second;
}

core::Request unreadable(const doors::HttpRequest& http, std::string_view below) {
  core::Request out;
  append_request_id(out.id);
  std::string_view path = http.target.substr(0, http.target.find('?'));
  if (path.starts_with("/v1/"))
    path.remove_prefix(4);
  else if (path.starts_with('/'))
    path.remove_prefix(1);
  if (auto known = CanonicalPath::from_encoded(std::string(below).append(path))) out.path = *std::move(known);
  out.remote_address = http.remote_address;
  out.remote_port = http.remote_port;
  out.verb = http.method == "POST" || http.method == "PUT" ? schema::Verb::write
             : http.method == "PATCH"                      ? schema::Verb::patch
             : http.method == "DELETE"                     ? schema::Verb::remove
                                                           : schema::Verb::read;
  return out;
}

namespace {

doors::HttpRequest to_door(const http::Request& r) {
  return {r.method, r.target, r.body, r.header("content-type"), r.remote_address, r.client_certificate, r.remote_port, r.headers, r.tls};
}

}  // namespace

Frontend::Frontend(core::Core& core, Options options) : core_(core), options_(std::move(options)) {
  if (options_.aws) aws_.emplace(*options_.aws, core_.system().clock);
  if (options_.azure) azure_.emplace(*options_.azure, core_.system().clock);
}

http::Response Frontend::to_response(std::size_t listener, doors::HttpAnswer answer) const {
  http::Response out;
  out.status = answer.status;
  out.headers = std::move(answer.headers);
  out.fixed_headers = answer.fixed_headers;
  out.body = std::move(answer.body);
  if (answer.stream) out.stream = std::move(answer.stream);
  if (!options_.hostname.empty()) out.headers.emplace_back("X-Vault-Hostname", options_.hostname);
  if (const auto& added = options_.listeners[listener].response_headers; !added.empty()) {
    // What stands already is not added once more.
    for (const HeaderView& fixed : std::exchange(out.fixed_headers, {})) out.headers.emplace_back(fixed.name, fixed.value);
    added.apply(out.status, out.headers);
  }
  return out;
}

Result<void> Frontend::take(const http::Request& request, const doors::HttpRequest& http, InDoor& x) const {
  x.listener = request.listener;
  x.http = http;
  const ListenerRules& rules = options_.listeners[x.listener];
  if (!rules.forwarded_for.active()) return {};
  x.client_address = TRY(rules.forwarded_for.client_of(request));
  if (!x.client_address.empty()) x.http.remote_address = x.client_address;
  return {};
}

std::optional<doors::vault::Refused> Frontend::judge(const http::Request& request, const doors::HttpRequest& http, InDoor& x) const {
  const ListenerRules& rules = options_.listeners[request.listener];
  const auto refused = [](int status, std::string why) { return doors::vault::Refused{status, {Code::invalid_argument, std::move(why)}, "application/json", {}}; };
  if (auto taken = take(request, http, x); !taken) return refused(400, std::move(taken).error().message);
  if (!rules.apis.vault) return refused(404, "this listener does not serve Vault's API; ask its operator for the address of one that does");
  if (rules.require_request_header && request.header("x-vault-request") != "true") return refused(412, "missing required header X-Vault-Request: true");
  return std::nullopt;
}

void Frontend::refuse_request(std::shared_ptr<InDoor> x, http::Loop& loop, doors::vault::Refused refused) {
  core::Request record = unreadable(x->http);
  Error error = refused.error;
  core_.pipeline().refuse(
      std::move(record), &bridge(loop), std::move(error), [this, x, refused = std::move(refused)](const core::Request& recorded, const core::Outcome& outcome) {
        // An answer that could not be audited is withheld.
        const bool withheld = outcome.error && outcome.error->code == Code::internal && refused.error.code != Code::internal;
        x->respond(to_response(x->listener, withheld ? doors::vault::encode(x->http, recorded, outcome) : doors::vault::encode(x->http, refused)));
      });
}

void Frontend::handle(const http::Request& request, http::Loop& loop, http::Responder respond) {
  const doors::HttpRequest http = to_door(request);
  doors::azure::Context context;
  const ListenerRules& rules = options_.listeners[request.listener];
  if (azure_ && rules.apis.azure && azure_->claims(http, context)) return handle_azure(request, http, std::move(context), loop, std::move(respond));
  if (aws_ && rules.apis.aws && aws_->claims(http, !rules.apis.vault)) return handle_aws(request, http, loop, std::move(respond));
  auto x = std::make_shared<InDoor>();
  x->respond = std::move(respond);
  if (auto refused = judge(request, http, *x)) return refuse_request(std::move(x), loop, *std::move(refused));
  auto decoded = doors::vault::decode(x->http);
  if (!decoded) return refuse_request(std::move(x), loop, std::move(decoded).error());
  core_.pipeline().handle(*std::move(decoded), bridge(loop), [this, x](const core::Request& asked, const core::Outcome& outcome) {
    x->respond(to_response(x->listener, doors::vault::encode(x->http, asked, outcome)));
  });
}

http::Response Frontend::refuse(int status, std::string_view reason, const http::Request& partial, bool recorded) {
  const auto x = to_door(partial);
  const doors::vault::Refused refused{status, {Code::invalid_argument, std::string(reason)}, "application/json", {}};
  if (recorded) return to_response(partial.listener, doors::vault::encode(x, refused));
  // Protocol errors are recorded on the spot: there is no request whose answer could wait.
  core_.pipeline().refuse(unreadable(x), nullptr, refused.error, [](const core::Request&, const core::Outcome&) {});
  return to_response(partial.listener, doors::vault::encode(x, refused));
}

}  // namespace coffer::server
