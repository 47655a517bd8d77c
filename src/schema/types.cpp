#include "schema/types.h"

#include <algorithm>

namespace coffer::schema {
namespace {

std::unexpected<Error> no_such_type(json::Value value, std::string_view wanted) {
  if (value.is_object()) return invalid("Start of structure or map found where not expected.");
  if (value.is_array()) return invalid("Start of list found where not expected.");
  const std::string_view is = value.is_null()     ? "NULL_VALUE"
                              : value.is_string() ? "STRING_VALUE"
                              : value.is_number() ? "NUMBER_VALUE"
                              : value.as_bool()   ? "TRUE_VALUE"
                                                  : "FALSE_VALUE";
  return invalid(std::string(is) + " can not be converted to " + std::string(wanted));
}

// 7.0 and 7e0 are the same number, but not the same text.
bool is_integer(json::Value value) {
  return value.is_number() && value.as_int() &&
         std::ranges::all_of(value.text(), [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

Result<void> check_scalar(std::string_view type, json::Value value) {
  if (type == "string" && !value.is_string()) return no_such_type(value, "a String");
  if (type == "integer" && !is_integer(value)) return no_such_type(value, "an Integer");
  if (type == "number" && !value.is_number()) return no_such_type(value, "a Double");
  if (type == "boolean" && !value.is_bool()) return no_such_type(value, "a Boolean");
  return {};
}

Result<void> check_structure(const WireType& wire, json::Value value) {
  if (!value.is_object()) return no_such_type(value, "a structure");
  return wire.members != nullptr ? check_types(wire.members(), value) : Result<void>();
}

Result<void> check_list(const WireType& wire, json::Value value) {
  if (!value.is_array()) return no_such_type(value, "a list");
  for (const json::Value& one : value.elements()) {
    if (wire.format == "object")
      CHECK_OK(check_structure(wire, one));
    else
      CHECK_OK(check_scalar(wire.format == "int64" ? "integer" : wire.format, one));
  }
  return {};
}

Result<void> check_type(const WireType& wire, json::Value value) {
  if (wire.format == "json") return {};  // any value
  if (wire.type == "array") return check_list(wire, value);
  return wire.type == "object" ? check_structure(wire, value) : check_scalar(wire.type, value);
}

}  // namespace

Result<void> check_types(std::span<const FieldInfo> fields, json::Value body) {
  for (const FieldInfo& field : fields) {
    if (field.from != From::body) continue;
    const auto value = body.find(field.name);
    if (value && !value->is_null()) CHECK_OK(check_type(field.wire, *value));
  }
  return {};
}

}  // namespace coffer::schema
