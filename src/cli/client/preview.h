#pragma once
#include <string>
#include <string_view>

#include "cli/client/client.h"

namespace coffer::cli {

// -output-curl-string: the request as a curl command that a shell can run; the token stays out of it.
[[nodiscard]] std::string curl_preview(const ClientOptions& options, const HttpRequest& request);
// -output-policy: the least policy that lets the request pass.
[[nodiscard]] std::string policy_preview(std::string_view method, std::string_view path, const Query& query);

}  // namespace coffer::cli
