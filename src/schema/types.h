#pragma once
#include <span>

#include "schema/declare.h"

namespace coffer::schema {

// Whether the members of a body have the types that are declared, for APIs that convert nothing: what policies look at is then what the handler gets.
// Null counts as absent, and members that are not declared are not looked at. The error says in AWS's words what is wrong with the first.
[[nodiscard]] Result<void> check_types(std::span<const FieldInfo> fields, json::Value body);

}  // namespace coffer::schema
