#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// Audit records for people: `coffer audit tail` and `coffer audit search`.
namespace coffer::audit {

// What to show. Empty members let everything pass.
struct Filter {
  std::string entity;       // entity id or display name
  std::string path;         // prefix of the request's path
  std::string operation;
  std::string type;         // request, response, checkpoint, ...; "": all but requests, which their responses repeat, and checkpoints
  std::string outcome;      // ok, denied or failed
  std::string request_id;
  Time since{};             // records from then on
};
// Refuses an outcome that does not exist, naming those that do.
[[nodiscard]] Result<void> check_filter(const Filter& filter);

// One line for a record, without a line end; nothing when the filter leaves it out. Control characters never reach the terminal.
// Errors: the line is not an audit record.
[[nodiscard]] Result<std::optional<std::string>> render(std::string_view line, const Filter& filter, bool color);

}  // namespace coffer::audit
