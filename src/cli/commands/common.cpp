#include "cli/commands/common.h"

#include <fmt/format.h>

namespace coffer::cli {

namespace {

// An error may come with an envelope that says more: warnings such as "use 'vault kv put'", or data.
Expected<int> output_failed(Context& context, std::string_view prefix, RequestError error) {
  Result<json::Document> parsed = error.body.empty() ? json::Document::parse("null") : json::Document::parse(error.body);
  Failure failure = failed(prefix, error);
  if (!parsed || !parsed->root().is_object() || error.status != 404) return std::unexpected(std::move(failure));
  const Answer answer(error.status, std::move(error.body), std::move(*parsed));
  if (answer.warnings().empty() && answer.data().size() == 0) return std::unexpected(std::move(failure));
  context.console.error(failure.text);
  CHECK_OK(output_answer(context, answer));
  return exit_server;
}

}  // namespace

Expected<int> output_written(Context& context, Reply<MaybeAnswer> reply, const std::string& path) {
  if (!reply) return output_failed(context, fmt::format("Error writing data to {}: ", path), std::move(reply).error());
  if (!*reply) {
    if (context.is_table()) context.console.line("Success! Data written to: " + path);
    return exit_ok;
  }
  return output_field_or_answer(context, **reply);
}

Expected<int> output_deleted(Context& context, Reply<MaybeAnswer> reply, const std::string& path) {
  if (!reply) return output_failed(context, fmt::format("Error deleting {}: ", path), std::move(reply).error());
  if (!*reply) {
    if (context.is_table()) context.console.line("Success! Data deleted (if it existed) at: " + path);
    return exit_ok;
  }
  return output_field_or_answer(context, **reply);
}

Expected<int> output_found(Context& context, Reply<MaybeAnswer> reply, std::string_view failure, const std::string& missing) {
  if (!reply) return std::unexpected(failed(failure, std::move(reply).error()));
  if (!*reply) return stop(exit_server, missing);
  return output_field_or_answer(context, **reply);
}

Expected<int> output_listed(Context& context, Reply<MaybeAnswer> reply, const std::string& path) {
  if (!reply) return std::unexpected(failed(fmt::format("Error listing {}: ", path), std::move(reply).error()));
  if (*reply && (*reply)->is_wrapped()) return output_answer(context, **reply);
  std::vector<std::string> keys;
  const bool listed = list_keys(*reply, keys);
  if (!listed && !context.is_table()) {
    CHECK_OK(output_json(context, "{}"));
    return exit_server;
  }
  if (!*reply) return stop(exit_server, fmt::format("No value found at {}", path));
  if (!(*reply)->data().is_object()) return output_answer(context, **reply);
  if (!listed) return stop(exit_server, fmt::format("No entries found at {}", path));
  return output_list(context, **reply);
}

Expected<Query> query_arguments(Context& context, std::size_t first) {
  Query query;
  Expected<Fields> fields = parse_fields(context.arguments, first, context.console);
  if (!fields) return usage_error("Failed to parse K=V data: " + fields.error().text);
  for (const auto& [name, value] : *fields) {
    const Result<json::Document> parsed = json::Document::parse(value);
    if (!parsed) return usage_error("Failed to parse K=V data: " + parsed.error().message);
    if (parsed->root().is_array()) {
      for (const json::Value& element : parsed->root().elements()) query.emplace_back(name, go_value(element));
    } else {
      query.emplace_back(name, go_value(parsed->root()));
    }
  }
  return query;
}

json::Value payload(const Answer& answer) { return answer.data().is_object() ? answer.data() : answer.root(); }

json::Value member_of(json::Value object, std::string_view name) {
  return object.is_object() ? object.find(name).value_or(json::Value()) : json::Value();
}

std::string text_of(json::Value object, std::string_view name) { return std::string(member_of(object, name).text()); }

std::string ttl_for_api(Duration ttl) {
  if (ttl == Duration::zero()) return {};
  return ttl < Duration::zero() ? "system" : go_duration(ttl);
}

std::string json_list(const std::vector<std::string>& items) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const std::string& item : items) writer.string(item);
  writer.end_array();
  return out;
}

std::string json_map(const std::vector<std::pair<std::string, std::string>>& items) {
  Fields fields;
  for (const auto& [name, value] : items) fields[name] = json::quoted(value);
  return to_json(fields);
}

std::string json_pair(std::string_view name, std::string_view text) {
  std::string out;
  json::Writer(out).begin_object().key(name).string(text).end_object();
  return out;
}

Expected<SecretBytes> operator_key(Context& context, const std::string& argument, std::string_view prompt, std::string_view what) {
  if (!argument.empty()) {
    if (argument != "-") return SecretBytes::copy_of(std::string_view(trim_space(argument)));
    if (context.flags.boolean("non-interactive")) return SecretBytes();
    const std::string typed = TRY(context.console.read_all());
    return SecretBytes::copy_of(std::string_view(trim_space(typed)));
  }
  if (context.flags.boolean("non-interactive"))
    return usage_error(wrap_words(fmt::format("Refusing to read from stdin with -non-interactive specified; give the {} key as an argument", what)));
  Expected<SecretBytes> typed = context.console.ask_hidden(prompt, true);
  if (typed) return SecretBytes::copy_of(std::string_view(trim_space(typed->reveal_text())));
  if (typed.error().text == "user canceled") return std::unexpected(std::move(typed).error());
  return usage_error(wrap_words(fmt::format(
                         "An error occurred attempting to ask for the {} key: {}. Run the command on a terminal, or give the key as the argument; the "
                         "argument \"-\" reads it from stdin.",
                         what, typed.error().text)));
}

std::int64_t whole_seconds(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return std::max<std::int64_t>(seconds, 0);
}

}  // namespace coffer::cli
