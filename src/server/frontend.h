#pragma once
#include "core/core.h"
#include "doors/aws/door.h"
#include "doors/azure/door.h"
#include "doors/vault/door.h"
#include "server/config/config.h"
#include "server/forwarded_for.h"
#include "server/http/http.h"
#include "server/response_headers.h"

namespace coffer::server {

// Hands requests of the HTTP server to the door that claims them, and the door's reading of them to the core. Safe from any thread.
class Frontend final : public http::Handler {
 public:
  // What one listener asks of requests and adds to answers.
  struct ListenerRules {
    bool require_request_header = false;
    ForwardedFor forwarded_for;
    ResponseHeaders response_headers;
    config::Apis apis;
  };
  struct Options {
    std::string hostname;                  // X-Vault-Hostname of answers; "" for none
    std::vector<ListenerRules> listeners;  // by index, as the HTTP server counts them
    std::optional<doors::aws::Settings> aws;  // nothing: AWS's clients are not served
    std::optional<doors::azure::Settings> azure;
  };
  Frontend(core::Core& core, Options options);
  void handle(const http::Request& request, http::Loop& loop, http::Responder respond) override;
  http::Response refuse(int status, std::string_view reason, const http::Request& partial, bool recorded) override;

 private:
  // One request on its way: what its door read, kept until the answer has been written.
  struct InDoor {
    std::size_t listener = 0;
    std::string client_address;  // behind a proxy
    doors::HttpRequest http;
    http::Responder respond;
  };
  struct InAzureDoor;
  [[nodiscard]] http::Response to_response(std::size_t listener, doors::HttpAnswer answer) const;
  // Takes the request in. An error where a proxy that may speak for others said nothing that can be read; `x` is whole all the same.
  [[nodiscard]] Result<void> take(const http::Request& request, const doors::HttpRequest& http, InDoor& x) const;
  // Records a request that its listener or its door refuses, and answers it.
  void refuse_request(std::shared_ptr<InDoor> x, http::Loop& loop, doors::vault::Refused refused);
  // The rules of the listener that the request came to hold, or why it is refused.
  [[nodiscard]] std::optional<doors::vault::Refused> judge(const http::Request& request, const doors::HttpRequest& http, InDoor& x) const;

  void handle_aws(const http::Request& request, const doors::HttpRequest& http, http::Loop& loop, http::Responder respond);
  void handle_azure(const http::Request& request, const doors::HttpRequest& http, doors::azure::Context context, http::Loop& loop, http::Responder respond);

  core::Core& core_;
  const Options options_;
  std::optional<doors::aws::Door> aws_;
  std::optional<doors::azure::Door> azure_;
};

}  // namespace coffer::server
