#pragma once
#include "doors/azure/door.h"

// Errors and answers in Azure's words.
namespace coffer::doors::azure {

// What is answered to who shows no token; the challenge goes with it.
[[nodiscard]] std::unexpected<Error> missing_token();

}  // namespace coffer::doors::azure
