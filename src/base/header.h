#pragma once
#include <string_view>

namespace coffer {

// A header field as it came. Views into the buffer of the connection that it came on.
struct HeaderView {
  std::string_view name, value;
};

}  // namespace coffer
