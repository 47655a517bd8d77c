#pragma once
#include <string>
#include <utility>
#include <vector>

namespace coffer::server {

// Headers that a listener adds to its answers (`custom_response_headers`): for all, for a class of statuses, for one. What is said of one
// status outweighs what is said of its class, and that what is said of all. Immutable.
class ResponseHeaders {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  void add(std::string status, Pairs headers) { rules_.push_back({std::move(status), std::move(headers)}); }
  [[nodiscard]] bool empty() const { return rules_.empty(); }
  // Adds to `headers`, which already hold the answer's own: those stay.
  void apply(int status, Pairs& headers) const;

 private:
  struct Rule {
    std::string status;  // "default", "4xx", "404"
    Pairs headers;
  };
  std::vector<Rule> rules_;
};

}  // namespace coffer::server
