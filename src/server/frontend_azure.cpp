#include "base/random.h"
#include "server/frontend.h"
#include "server/loop_bridge.h"

// The way of a request through Azure's door.
namespace coffer::server {

struct Frontend::InAzureDoor : InDoor {
  doors::azure::Context context;
};

void Frontend::handle_azure(const http::Request& request, const doors::HttpRequest& http, doors::azure::Context context, http::Loop& loop,
                            http::Responder respond) {
  auto x = std::make_shared<InAzureDoor>();
  x->context = std::move(context);
  x->respond = std::move(respond);
  auto taken = take(request, http, *x);
  Result<core::Request> decoded = taken ? azure_->decode(x->http, x->context) : std::unexpected(std::move(taken).error());
  if (decoded)
    return core_.pipeline().handle(*std::move(decoded), bridge(loop), [this, x](const core::Request& asked, const core::Outcome& outcome) {
      x->respond(to_response(x->listener, azure_->encode(x->http, x->context, asked, outcome)));
    });
  core::Request record = unreadable(x->http, x->context.vault.empty() ? std::string() : x->context.vault + "/");
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
