#pragma once
#include <string>

#include "base/json.h"
#include "cli/client/client.h"

// What sys/internal/why says, for people.
namespace coffer::cli {

// One answer as lines: allowed or denied, the rule and its policy where the caller may know them, what is missing.
[[nodiscard]] std::string decision_text(json::Value decision);
// Why the server refused, as it explains it; "" where it does not. Asks the server once.
[[nodiscard]] std::string explain_denial(Client& client, const Denial& denial);

}  // namespace coffer::cli
