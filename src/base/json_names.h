#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

// Objects that have a name twice. As most readers of JSON do, the last member of a name is the one that counts.
namespace coffer::json {

// The members that count, in the order in which they stand.
[[nodiscard]] std::vector<Value::Member> members_that_count(Value object);
// Whether an object has a name twice, at any depth.
[[nodiscard]] bool repeats_names(Value value);
// The same with each name once, compact; numbers and strings stay as they came.
[[nodiscard]] std::string without_repeats(Value value);
// `text`, which `value` was read from, where it has each name once; else what is to be kept in its place, in the caller's `memory`.
[[nodiscard]] std::string_view with_names_once(Value value, std::string_view text, std::string& memory);

}  // namespace coffer::json
