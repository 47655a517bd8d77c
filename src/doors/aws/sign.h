#pragma once
#include <string>
#include <string_view>

#include "doors/aws/sigv4.h"

// AWS Signature Version 4, the client's side: what the server sends to AWS's own services, or to what stands in for them.
namespace coffer::doors::aws {

// Who signs, for which service of which region.
struct Signer {
  std::string_view key_id, secret, region, service;
};
// The value of a request's header Authorization: over the method, the target, the body and all headers given, which must hold host and x-amz-date and be
// in order of their names, in lower case. `date` is the value of x-amz-date (basic_time).
[[nodiscard]] std::string authorization_for(const SignedRequest& request, const Signer& signer, std::string_view date);

}  // namespace coffer::doors::aws
