#pragma once
#include <string>

#include "core/request.h"
#include "doors/aws/door.h"

// What a failure is called on AWS's wires.
namespace coffer::doors::aws {

struct WireError {
  int status = 400;
  std::string code, message;
  bool modelled = false;  // of the service itself: its member is called Message; else message
};
// `request` null: the request could not be read. `resource`: what the request names as its object, for refusals.
[[nodiscard]] WireError wire_error(Protocol protocol, const Error& error, const core::Request* request, std::string_view resource = {});
// The whole answer of an error in a protocol's form.
[[nodiscard]] HttpAnswer error_answer(Protocol protocol, const WireError& error, std::string_view request_id);

}  // namespace coffer::doors::aws
