#pragma once
#include <string>
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

}  // namespace coffer::json
