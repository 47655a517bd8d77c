#pragma once
#include <string>
#include <string_view>

#include "cli/context.h"
#include "cli/output/table.h"

// What commands print, in the form that -format asks for. All return exit_ok, or the failure to print.
namespace coffer::cli {

// A whole answer: lease, token, wrapping and data, as a table of keys and values.
[[nodiscard]] Expected<int> output_answer(Context& context, const Answer& answer);
// One value: an object or list of texts as a table.
[[nodiscard]] Expected<int> output_value(Context& context, json::Value value);
[[nodiscard]] Expected<int> output_json(Context& context, std::string_view json_text);
// The names of a list answer; with -detailed also what the server tells of each.
[[nodiscard]] Expected<int> output_list(Context& context, const Answer& answer);
// One field of an answer (-field), or of an object.
[[nodiscard]] Expected<int> output_field(Context& context, const Answer& answer, std::string_view field);
[[nodiscard]] Expected<int> output_member(Context& context, json::Value object, std::string_view field);
// The field that -field names if it was given, else the whole answer.
[[nodiscard]] Expected<int> output_field_or_answer(Context& context, const Answer& answer);
// `text` with a newline on a terminal, and without one elsewhere.
void print_raw(Context& context, std::string_view text);
// The answer's warnings on stderr.
void print_warnings(Context& context, const Answer& answer);
// The envelope as Vault's command prints it with -format=json: members in its order.
[[nodiscard]] std::string envelope_json(const Answer& answer, bool with_mount_type);
// The names in data.keys; false when there is no such list.
[[nodiscard]] bool list_keys(const MaybeAnswer& answer, std::vector<std::string>& keys);

}  // namespace coffer::cli
