#pragma once
#include "core/core.h"
#include "server/http/http.h"

namespace coffer::server {

// Hands requests of the HTTP server to the door that claims them, and the door's reading of them to the core. Safe from any thread.
class Frontend final : public http::Handler {
 public:
  struct Options {
    bool show_hostname = false;
    std::vector<bool> require_request_header;  // per listener
  };
  Frontend(core::Core& core, Options options) : core_(core), options_(std::move(options)) {}
  void handle(const http::Request& request, http::Loop& loop, http::Responder respond) override;
  http::Response refuse(int status, std::string_view reason, const http::Request& partial) override;

 private:
  core::Core& core_;
  Options options_;
};

}  // namespace coffer::server
