#include "cli/flags/key_values.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/json.h"

namespace coffer::cli {
namespace {

// Adds all members of a JSON object.
Expected<void> add_object(std::string_view text, std::string_view source, Fields& fields) {
  const Result<json::Document> parsed = json::Document::parse(text);
  if (!parsed) return usage_error(fmt::format("invalid JSON in {}: {}", source, parsed.error().message));
  if (!parsed->root().is_object()) return usage_error(fmt::format("invalid JSON in {}: an object is needed", source));
  for (const json::Value::Member& member : parsed->root().members()) fields[std::string(member.key)] = std::string(member.value.raw());
  return {};
}

void add_pair(std::string name, std::string json_value, Fields& fields, std::map<std::string, int>& seen) {
  const int before = seen[name]++;
  std::string& slot = fields[name];
  if (before == 0) slot = std::move(json_value);
  else if (before == 1) slot = "[" + slot + "," + json_value + "]";
  else slot = slot.substr(0, slot.size() - 1) + "," + json_value + "]";
}

}  // namespace

Expected<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return usage_error(fmt::format("error reading file: open {}: {}", path, ascii_message(errno)));
  std::ostringstream content;
  content << in.rdbuf();
  if (in.bad()) return usage_error(fmt::format("error reading file: {}", path));
  return std::move(content).str();
}

std::string ascii_message(int code) {
  std::string text = std::strerror(code);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

Expected<Fields> parse_fields(const std::vector<std::string>& arguments, std::size_t first, Console& console) {
  Fields fields;
  std::map<std::string, int> seen;
  bool stdin_taken = false;
  auto take_stdin = [&]() -> Expected<std::string> {
    if (std::exchange(stdin_taken, true)) return usage_error("stdin can be read only once");
    return console.read_all();
  };
  for (std::size_t i = first; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.empty()) continue;
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      if (argument == "-") {
        CHECK_OK(add_object(TRY(take_stdin()), "stdin", fields));
      } else if (argument[0] == '@') {
        CHECK_OK(add_object(TRY(read_file(argument.substr(1))), argument.substr(1), fields));
      } else {
        return usage_error(fmt::format("invalid key/value pair \"{}\": format must be key=value", argument));
      }
      continue;
    }
    std::string value = argument.substr(equals + 1);
    if (value.starts_with('@')) value = TRY(read_file(value.substr(1)));
    else if (value.starts_with("\\@")) value.erase(0, 1);
    else if (value == "-") value = TRY(take_stdin());
    add_pair(argument.substr(0, equals), json::quoted(value), fields, seen);
  }
  return fields;
}

Expected<std::map<std::string, std::string>> parse_text_fields(const std::vector<std::string>& arguments, std::size_t first,
                                                               Console& console) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : TRY(parse_fields(arguments, first, console))) {
    const Result<json::Document> parsed = json::Document::parse(value);
    if (!parsed) return usage_error(fmt::format("the value of \"{}\" is not readable", name));
    const json::Value root = parsed->root();
    if (root.is_array() || root.is_object()) return usage_error(fmt::format("the value of \"{}\" must be a text", name));
    out[name] = root.is_string() || root.is_number() ? std::string(root.text()) : root.is_null() ? std::string() : std::string(root.raw());
  }
  return out;
}

std::string to_json(const Fields& fields) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  for (const auto& [name, value] : fields) writer.key(name).raw(value);
  writer.end_object();
  return out;
}

}  // namespace coffer::cli
