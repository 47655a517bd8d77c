#pragma once
#include "core/exchange.h"

// The audit records of an exchange.
namespace coffer::core {

void append_request_record(Exchange& x, audit::Broker& audit);
void append_response_record(Exchange& x, audit::Broker& audit);

}  // namespace coffer::core
