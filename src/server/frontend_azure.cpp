#include "base/random.h"
#include "server/frontend.h"
#include "server/loop_bridge.h"

// The way of a request through Azure's door.
namespace coffer::server {

struct Frontend::InAzureDoor {
  std::size_t listener = 0;
  std::string client_address;  // behind a proxy
  std::optional<Error> wrong_proxy;
  doors::azure::HttpRequest http;
  doors::azure::Context context;
  http::Responder respond;
};

http::Response Frontend::to_response(std::size_t listener, doors::azure::HttpAnswer answer) const {
  doors::vault::HttpAnswer same;
  same.status = answer.status;
  same.headers = std::move(answer.headers);
  same.body = std::move(answer.body);
  return to_response(listener, std::move(same));
}

// Null when the request is not this door's; then `respond` is untouched.
std::shared_ptr<Frontend::InAzureDoor> Frontend::in_azure_door(const http::Request& r, http::Responder& respond) const {
  const doors::azure::HttpRequest http{r.method,      r.target, r.body, r.header("content-type"), r.remote_address, r.client_certificate,
                                       r.remote_port, r.headers};
  doors::azure::Context context;
  if (!azure_->claims(http, context)) return nullptr;
  auto x = std::make_shared<InAzureDoor>();
  x->listener = r.listener;
  x->http = http;
  x->context = std::move(context);
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

void Frontend::handle_azure(std::shared_ptr<InAzureDoor> x, http::Loop& loop) {
  Result<core::Request> decoded = x->wrong_proxy ? std::unexpected(*x->wrong_proxy) : azure_->decode(x->http, x->context);
  if (decoded)
    return core_.pipeline().handle(*std::move(decoded), bridge(loop), [this, x](const core::Request& asked, const core::Outcome& outcome) {
      x->respond(to_response(x->listener, azure_->encode(x->http, x->context, asked, outcome)));
    });
  core::Request record;
  append_request_id(record.id);
  record.remote_address = x->http.remote_address;
  record.remote_port = x->http.remote_port;
  Error error = decoded.error();
  core_.pipeline().refuse(
      std::move(record), &bridge(loop), std::move(error),
      [this, x, refused = decoded.error()](const core::Request& recorded, const core::Outcome& outcome) {
        // An answer that could not be audited is withheld.
        const bool withheld = outcome.error && outcome.error->code == Code::internal;
        x->respond(to_response(x->listener, azure_->encode(x->http, x->context, withheld ? *outcome.error : refused, recorded.id)));
      });
}

}  // namespace coffer::server
