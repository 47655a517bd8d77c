#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::rotation {

// One call of a function that makes a step of a rotation.
struct Call {
  std::string_view target;         // as the client named it: an ARN, or a name
  std::string_view event;          // JSON
  std::function<bool()> given_up;  // asked now and then while the call runs; true ends it
};

// Functions outside of the server that make the steps of rotations: a seam. Safe from any thread.
class Functions {
 public:
  virtual ~Functions() = default;
  // Whether there is a function by this name to be called.
  [[nodiscard]] virtual bool knows(std::string_view target) const = 0;
  // Calls it and waits for its end, within the time that is configured. The message of an error is kept in the job's history: it says what went wrong, in
  // the function's own words where it gave any, and holds neither addresses nor secrets of this server.
  [[nodiscard]] virtual Result<void> invoke(const Call& call) const = 0;
};

// The last part of "arn:aws:lambda:<region>:<account>:function:<name>", with or without a version behind it; a text that is no ARN is a name itself.
[[nodiscard]] std::string_view function_name(std::string_view target);
// Functions whose name begins so are built in: the owner of the object makes their steps itself.
inline constexpr std::string_view built_in_prefix = "builtin-";
[[nodiscard]] inline bool is_built_in(std::string_view target) { return function_name(target).starts_with(built_in_prefix); }

}  // namespace coffer::rotation
