#pragma once
#include <string>

#include "core/request.h"

namespace coffer::core {

// Vault's envelope around an answer (vault-api.md §2.2), with a line break at the end. Here and not in a door, since wrapped answers are stored in it.
void append_envelope(std::string& out, std::string_view request_id, const Outcome& outcome);

// `1 error occurred:\n\t* a\n\n` and its plural, Vault's text for errors that it joins.
[[nodiscard]] std::string joined_error(std::string_view message);

}  // namespace coffer::core
