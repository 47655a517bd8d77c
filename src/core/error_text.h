#pragma once
#include "core/exchange.h"

namespace coffer::core {

// Appends an error's message as the audit log may show it: what it repeats of the request is replaced by its HMAC (K05), but for names of
// fields that are declared.
void append_error_text(std::string& out, const Exchange& x, json::Redactor& redactor);

}  // namespace coffer::core
