#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "server/http/http.h"

namespace coffer::server {

// What a listener makes of X-Forwarded-For: only proxies that are listed may say whom they speak for. Immutable.
class ForwardedFor {
 public:
  struct Options {
    std::vector<std::string> authorized;  // addresses and blocks of the proxies; empty: the header means nothing
    std::size_t hop_skips = 0;            // how many hops from the end are proxies of ours too
    bool reject_not_present = true, reject_not_authorized = true;
  };
  ForwardedFor() = default;
  explicit ForwardedFor(Options options) : options_(std::move(options)) {}
  [[nodiscard]] bool active() const { return !options_.authorized.empty(); }
  // The client's address: from the header, or the peer's own where there is none to trust. Errors: the request is to be refused.
  [[nodiscard]] Result<std::string> client_of(const http::Request& request) const;

 private:
  Options options_;
};

}  // namespace coffer::server
