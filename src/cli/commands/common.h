#pragma once
#include <string>

#include "cli/context.h"
#include "cli/output/output.h"

// What handlers of several topics share.
namespace coffer::cli {

// Prints the outcome of a write: the answer, or the success line in table form.
[[nodiscard]] Expected<int> output_written(Context& context, Reply<MaybeAnswer> reply, const std::string& path);
// The same for a delete.
[[nodiscard]] Expected<int> output_deleted(Context& context, Reply<MaybeAnswer> reply, const std::string& path);
// Prints an answer that must be there: `failure` begins the error of a request that failed ("Error reading vault: "), `missing` says what is not there.
[[nodiscard]] Expected<int> output_found(Context& context, Reply<MaybeAnswer> reply, std::string_view failure, const std::string& missing);
// Prints the names of a list answer, or says in Vault's words that there are none.
[[nodiscard]] Expected<int> output_listed(Context& context, Reply<MaybeAnswer> reply, const std::string& path);
// K=V arguments as query parameters; a repeated name stays several parameters.
[[nodiscard]] Expected<Query> query_arguments(Context& context, std::size_t first);
// The members of `data`, or of the bare body when there is no envelope.
[[nodiscard]] json::Value payload(const Answer& answer);
// A member of an object; null when it is none or has none.
[[nodiscard]] json::Value member_of(json::Value object, std::string_view name);
[[nodiscard]] std::string text_of(json::Value object, std::string_view name);
// A Go duration for the API: "" for zero, "system" for a negative one.
[[nodiscard]] std::string ttl_for_api(Duration ttl);
// The JSON list of texts.
[[nodiscard]] std::string json_list(const std::vector<std::string>& items);
[[nodiscard]] std::string json_map(const std::vector<std::pair<std::string, std::string>>& items);
// An object with one text member.
[[nodiscard]] std::string json_pair(std::string_view name, std::string_view text);
// A key of an operator: the argument, stdin for "-", or typed without echo; without white space at its ends. `what` is "unseal".
[[nodiscard]] Expected<SecretBytes> operator_key(Context& context, const std::string& argument, std::string_view prompt, std::string_view what);
// Whole seconds, for increments; less than one is zero.
[[nodiscard]] std::int64_t whole_seconds(Duration duration);

}  // namespace coffer::cli
