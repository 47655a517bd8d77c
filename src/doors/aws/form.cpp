#include "doors/aws/form.h"

#include <set>

#include "base/encoding.h"
#include "base/path.h"
#include "doors/http.h"

namespace coffer::doors::aws {

Result<std::string> form_as_json(std::string_view form) {
  constexpr std::size_t most = 200;
  std::set<std::string> seen;
  std::string out;
  json::Writer w(out);
  w.begin_object();
  CHECK_OK(each_parameter(form, [&](std::string_view encoded_name, std::string_view encoded_value) -> Result<void> {
    std::string name = TRY(percent_decode(encoded_name, true));
    const std::string value = TRY(percent_decode(encoded_value, true));
    if (!valid_utf8(name) || !valid_utf8(value)) return invalid("the form is not UTF-8");
    if (seen.size() >= most) return invalid("the form has too many members");
    w.key(name).string(value);
    if (!seen.insert(std::move(name)).second) return invalid("a member of the form stands more than once");
    return {};
  }));
  w.end_object();
  return out;
}

void append_xml_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        // XML 1.0 has no other control characters.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n' || c == '\r') out.push_back(c);
    }
  }
}

namespace {
void append_value(std::string& out, json::Value value) {
  if (value.is_object()) return append_xml(out, value);
  for (const json::Value& element : value.elements()) {
    out += "<member>";
    append_value(out, element);
    out += "</member>";
  }
  if (value.is_bool())
    out += value.raw();
  else
    append_xml_text(out, value.text());
}
}  // namespace

void append_xml(std::string& out, json::Value object) {
  for (const auto& [name, value] : object.members()) {
    if (value.is_null()) continue;
    out.append("<").append(name).append(">");
    append_value(out, value);
    out.append("</").append(name).append(">");
  }
}

}  // namespace coffer::doors::aws
