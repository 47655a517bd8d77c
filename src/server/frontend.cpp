#include "server/frontend.h"

#include "base/random.h"
#include "doors/vault/door.h"

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

// One bridge per io thread, alive as long as the process: requests that end on other threads still hold it.
core::Loop& bridge(http::Loop& loop) {
  static thread_local std::vector<std::pair<http::Loop*, std::unique_ptr<LoopBridge>>> bridges;
  for (const auto& [of, made] : bridges)
    if (of == &loop) return *made;
  bridges.emplace_back(&loop, std::make_unique<LoopBridge>(loop));
  return *bridges.back().second;
}

doors::vault::HttpRequest to_door(const http::Request& r) {
  return {r.method, r.target, r.body, r.header("content-type"), r.remote_address, r.client_certificate, r.remote_port, r.headers};
}

http::Response to_response(doors::vault::HttpAnswer answer) {
  http::Response out;
  out.status = answer.status;
  out.headers = std::move(answer.headers);
  out.body = std::move(answer.body);
  if (answer.stream) out.stream = std::move(answer.stream);
  return out;
}

// One request on its way: what the door read, kept until the answer has been written.
struct InDoor {
  doors::vault::HttpRequest http;
  http::Responder respond;
};

// The record of a request that could not be read: as much of it as is certain.
core::Request unreadable(const doors::vault::HttpRequest& http) {
  core::Request out;
  append_request_id(out.id);
  std::string_view path = http.target.substr(0, http.target.find('?'));
  if (path.starts_with("/v1/"))
    path.remove_prefix(4);
  else if (path.starts_with('/'))
    path.remove_prefix(1);
  if (auto known = CanonicalPath::from_encoded(path)) out.path = *std::move(known);
  out.remote_address = http.remote_address;
  out.remote_port = http.remote_port;
  out.verb = http.method == "POST" || http.method == "PUT" ? schema::Verb::write
             : http.method == "DELETE"                     ? schema::Verb::remove
                                                           : schema::Verb::read;
  return out;
}

}  // namespace

void Frontend::handle(const http::Request& request, http::Loop& loop, http::Responder respond) {
  auto x = std::make_shared<InDoor>();
  x->http = to_door(request);
  x->respond = std::move(respond);
  if (request.listener < options_.require_request_header.size() && options_.require_request_header[request.listener] &&
      request.header("x-vault-request") != "true") {
    const doors::vault::Refused refused{
        412, {Code::invalid_argument, "missing required header X-Vault-Request: true"}, "application/json", {}};
    return core_.pipeline().refuse(
        unreadable(x->http), bridge(loop), refused.error,
        [x, refused](const core::Request&, const core::Outcome&) { x->respond(to_response(encode(x->http, refused))); });
  }
  auto decoded = doors::vault::decode(x->http);
  if (!decoded) {
    return core_.pipeline().refuse(unreadable(x->http), bridge(loop), decoded.error().error,
                                   [x, refused = std::move(decoded).error()](const core::Request& recorded, const core::Outcome& outcome) {
                                     // An answer that could not be audited is withheld.
                                     if (outcome.error && outcome.error->code == Code::internal && refused.error.code != Code::internal) {
                                       x->respond(to_response(doors::vault::encode(x->http, recorded, outcome)));
                                       return;
                                     }
                                     x->respond(to_response(doors::vault::encode(x->http, refused)));
                                   });
  }
  core_.pipeline().handle(*std::move(decoded), bridge(loop), [x](const core::Request& asked, const core::Outcome& outcome) {
    x->respond(to_response(doors::vault::encode(x->http, asked, outcome)));
  });
}

http::Response Frontend::refuse(int status, std::string_view reason, const http::Request& partial) {
  auto x = to_door(partial);
  const doors::vault::Refused refused{status, {Code::invalid_argument, std::string(reason)}, "application/json", {}};
  // Protocol errors are recorded on the spot: there is no request whose answer could wait.
  class Inline final : public core::Loop {
   public:
    void post(std::move_only_function<void()> task) override { task(); }
    void at_end_of_pass(std::move_only_function<void()> task) override { task(); }
  };
  static Inline loop;
  core_.pipeline().refuse(unreadable(x), loop, refused.error, [](const core::Request&, const core::Outcome&) {});
  return to_response(doors::vault::encode(x, refused));
}

}  // namespace coffer::server
