#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace coffer::cli {

using Row = std::vector<std::string>;

// Columns as Vault's command prints them: four spaces between, white space at a cell's ends dropped, "n/a" for an empty cell, the last
// column not padded. No newline at the end.
[[nodiscard]] std::string columns(const std::vector<Row>& rows);
// The same with the first row as headings, underlined.
[[nodiscard]] std::string table(std::vector<Row> rows);
// How many columns a text takes on the terminal, counting code points.
[[nodiscard]] std::size_t display_width(std::string_view text);

// A value as Go's %v prints it: texts as they are, null "<nil>", lists "[a b]", objects "map[k:v]" with sorted keys.
[[nodiscard]] std::string go_value(json::Value value);
// Texts as Go's %q prints them: ["a" "b"].
[[nodiscard]] std::string go_quoted_list(json::Value list);
// Whole seconds as Vault prints them: "768h", "1h30m", "0s".
[[nodiscard]] std::string human_seconds(std::int64_t seconds);
// Names whose whole numbers are seconds.
[[nodiscard]] bool looks_like_duration(std::string_view name);
// The value as a cell of the row that `name` heads.
[[nodiscard]] std::string cell(std::string_view name, json::Value value);
// Members sorted by name.
[[nodiscard]] std::vector<json::Value::Member> sorted_members(json::Value object);
// "==== Title ====", as wide as `width` where the title leaves room.
[[nodiscard]] std::string equals_header(std::string_view title, std::size_t width);
// The header over a table of `object`.
[[nodiscard]] std::string header_for(std::string_view title, json::Value object);

}  // namespace coffer::cli
