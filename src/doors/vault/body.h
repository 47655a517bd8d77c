#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

// Bodies and queries of the Vault API as JSON objects (vault-api.md §2.1).
namespace coffer::doors::vault {

struct QueryFlags {
  bool list = false, scan = false, help = false;
};
// `list`, `scan` and `help` of a query, by Go's ParseBool.
[[nodiscard]] Result<QueryFlags> read_query_flags(std::string_view query);
// The other parameters as an object: one value a string, several a list. Null when there are none.
[[nodiscard]] Result<json::Document> parse_query(std::string_view query);
// A body: JSON whatever its Content-Type, unless that is a form's and the text is no JSON. `null` and empty bodies are null. Errors
// are Go's texts where they are known.
[[nodiscard]] Result<json::Document> parse_body(std::string_view body, std::string_view content_type);
// `{"errors":[message]}` with a line break, or `{"errors":[]}` when it is empty.
void append_errors(std::string& out, std::string_view message);

}  // namespace coffer::doors::vault
