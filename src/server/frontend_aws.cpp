#include "base/random.h"
#include "server/frontend.h"
#include "server/loop_bridge.h"

// The way of a request through AWS's door.
namespace coffer::server {

void Frontend::handle_aws(const http::Request& request, const doors::HttpRequest& http, http::Loop& loop, http::Responder respond) {
  auto x = std::make_shared<InDoor>();
  x->respond = std::move(respond);
  std::expected<core::Request, doors::aws::Refused> decoded = std::unexpected(doors::aws::Refused{});
  if (auto taken = take(request, http, *x); taken)
    decoded = aws_->decode(x->http);
  else
    decoded = std::unexpected(doors::aws::Refused{doors::aws::Protocol::json, std::move(taken).error(), make_uuid()});
  if (decoded)
    return core_.pipeline().handle(*std::move(decoded), bridge(loop), [this, x](const core::Request& asked, const core::Outcome& outcome) {
      x->respond(to_response(x->listener, aws_->encode(x->http, asked, outcome)));
    });
  doors::aws::Refused& refused = decoded.error();
  core::Request record = unreadable(x->http);
  record.id = refused.request_id;
  record.by_action = std::make_unique<core::ByAction>();
  record.by_action->scope.action = aws_->action_of(x->http);
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
