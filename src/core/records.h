#pragma once
#include "core/exchange.h"

// The audit records of an exchange.
namespace coffer::core {

enum class Recorded : std::uint8_t { request, response, both };

// Encodes them straight into `out`.
void add_records(Exchange& x, Recorded what, audit::Broker& audit, audit::Records& out);
// Init, unseal and seal: recorded even where no device is enabled.
[[nodiscard]] bool is_ceremony(const Exchange& x);

}  // namespace coffer::core
