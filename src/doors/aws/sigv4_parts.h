#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/header.h"

// The parts of a canonical request (sigv4.h).
namespace coffer::doors::aws {

// "20150830T123600Z"; nothing for any other form.
[[nodiscard]] std::optional<Time> parse_basic_time(std::string_view text);
[[nodiscard]] std::string basic_time(Time time);

// Every byte but unreserved ones (RFC 3986 section 2.3) as %XX; '/' stays where that is asked for.
void append_encoded(std::string& out, std::string_view text, bool keeps_slash = false);
// `path` as it came on the wire: every byte but unreserved ones and '/' is encoded, '%' too.
void append_canonical_path(std::string& out, std::string_view path, bool normalized);
// Names and values decoded once, encoded strictly, sorted by name, then value.
void append_canonical_query(std::string& out, std::string_view query);
// All values of a header with ',' between them, trimmed, runs of white space inside as one space.
void append_canonical_values(std::string& out, std::span<const HeaderView> headers, std::string_view name);

}  // namespace coffer::doors::aws
