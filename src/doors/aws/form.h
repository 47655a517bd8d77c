#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace coffer::doors::aws {

// A form (application/x-www-form-urlencoded) as one JSON object of strings; a name that stands twice is refused.
[[nodiscard]] Result<std::string> form_as_json(std::string_view form);
// Appends the members of an object as XML elements, text escaped; lists as <member> elements.
void append_xml(std::string& out, json::Value object);
void append_xml_text(std::string& out, std::string_view text);

}  // namespace coffer::doors::aws
