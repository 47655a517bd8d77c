#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/failure.h"

namespace coffer::cli {

// The data of a command line: names and JSON texts, in the order of the names (as Go encodes maps).
using Fields = std::map<std::string, std::string>;

// Reads K=V arguments as Vault's command does: k=v, k=@file, k=- (stdin), k=\@v for a leading '@', "@file" and "-" for a JSON object.
// A name given twice becomes a list. "@k=v" is a pair.
[[nodiscard]] Expected<Fields> parse_fields(const std::vector<std::string>& arguments, std::size_t first, Console& console);
// The same with every value as plain text; a value that is no scalar is an error.
[[nodiscard]] Expected<std::map<std::string, std::string>> parse_text_fields(const std::vector<std::string>& arguments, std::size_t first,
                                                                             Console& console);
[[nodiscard]] std::string to_json(const Fields& fields);
// The system's words for an errno, beginning in lower case as Go has them.
[[nodiscard]] std::string ascii_message(int code);
// A whole file of the user's.
[[nodiscard]] Expected<std::string> read_file(const std::string& path);

}  // namespace coffer::cli
