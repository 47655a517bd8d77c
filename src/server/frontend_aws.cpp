#include "server/frontend.h"
#include "server/loop_bridge.h"

// The way of a request through AWS's door.
namespace coffer::server {

struct Frontend::InAwsDoor {
  std::size_t listener = 0;
  std::string client_address;  // behind a proxy
  std::optional<Error> wrong_proxy;
  doors::aws::HttpRequest http;
  http::Responder respond;
};

Frontend::Frontend(core::Core& core, Options options) : core_(core), options_(std::move(options)) {
  if (options_.aws) aws_.emplace(*options_.aws, core_.system().clock);
  if (options_.azure) azure_.emplace(*options_.azure, core_.system().clock);
}

http::Response Frontend::to_response(std::size_t listener, doors::aws::HttpAnswer answer) const {
  doors::vault::HttpAnswer same;
  same.status = answer.status;
  same.headers = std::move(answer.headers);
  same.body = std::move(answer.body);
  return to_response(listener, std::move(same));
}

// Null when the request is not this door's; then `respond` is untouched.
std::shared_ptr<Frontend::InAwsDoor> Frontend::in_aws_door(const http::Request& r, http::Responder& respond) const {
  const doors::aws::HttpRequest http{r.method,      r.target, r.body, r.header("content-type"), r.remote_address, r.client_certificate,
                                     r.remote_port, r.headers};
  if (!aws_->claims(http)) return nullptr;
  auto x = std::make_shared<InAwsDoor>();
  x->listener = r.listener;
  x->http = http;
  x->respond = std::move(respond);
  if (const ListenerRules& rules = options_.listeners[r.listener]; rules.forwarded_for.active()) {
    auto client = rules.forwarded_for.client_of(r);
    if (!client)
      x->wrong_proxy = std::move(client).error();
    else
      x->client_address = *std::move(client);
    if (!x->client_address.empty()) x->http.remote_address = x->client_address;
  }
  return x;
}

void Frontend::handle_aws(std::shared_ptr<InAwsDoor> x, http::Loop& loop) {
  std::expected<core::Request, doors::aws::Refused> decoded = std::unexpected(doors::aws::Refused{});
  if (!x->wrong_proxy)
    decoded = aws_->decode(x->http);
  else
    decoded = std::unexpected(doors::aws::Refused{doors::aws::Protocol::json, *x->wrong_proxy, make_uuid()});
  if (decoded)
    return core_.pipeline().handle(*std::move(decoded), bridge(loop), [this, x](const core::Request& asked, const core::Outcome& outcome) {
      x->respond(to_response(x->listener, aws_->encode(x->http, asked, outcome)));
    });
  doors::aws::Refused& refused = decoded.error();
  core::Request record;
  record.id = refused.request_id;
  record.verb = schema::Verb::write;
  record.remote_address = x->http.remote_address;
  record.remote_port = x->http.remote_port;
  Error error = refused.error;
  core_.pipeline().refuse(std::move(record), &bridge(loop), std::move(error),
                          [this, x, refused = std::move(refused)](const core::Request&, const core::Outcome& outcome) {
                            doors::aws::Refused answer = refused;
                            // An answer that could not be audited is withheld.
                            if (outcome.error && outcome.error->code == Code::internal) answer.error = *outcome.error;
                            x->respond(to_response(x->listener, aws_->encode(answer)));
                          });
}

}  // namespace coffer::server
