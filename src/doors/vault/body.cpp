#include "doors/vault/body.h"

#include <map>
#include <vector>

#include "base/encoding.h"
#include "base/path.h"
#include "doors/http.h"
#include "doors/vault/json_syntax.h"

namespace coffer::doors::vault {
namespace {

// Vault's limits against complex bodies (security.md L02).
constexpr json::Limits body_limits{.depth = 500, .values = 100'000, .members = 10'000, .string_bytes = 32u << 20};
constexpr std::size_t max_parameters = 1000;

// Go's ParseBool; an empty value is no.
Result<bool> read_flag(std::string_view name, std::string_view value) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (value == yes) return true;
  for (std::string_view no : {"", "0", "f", "F", "false", "FALSE", "False"})
    if (value == no) return false;
  return invalid("the parameter " + std::string(name) + " must be true or false");
}

// Calls take(name, value) for each parameter, decoded.
template <class F>
Result<void> each_decoded(std::string_view query, F take) {
  std::size_t n = 0;
  return each_parameter(query, [&](std::string_view encoded_name, std::string_view encoded_value) -> Result<void> {
    if (++n > max_parameters) return invalid("too many parameters");
    std::string name = TRY(percent_decode(encoded_name, true));
    std::string value = TRY(percent_decode(encoded_value, true));
    if (!valid_utf8(name) || !valid_utf8(value)) return invalid("a parameter is not valid UTF-8");
    take(std::move(name), std::move(value));
    return {};
  });
}

Result<json::Document> parameters_as_json(std::string_view text, bool skip_flags) {
  std::map<std::string, std::vector<std::string>> all;
  CHECK_OK(each_decoded(text, [&](std::string name, std::string value) {
    if (skip_flags && (name == "list" || name == "scan" || name == "help")) return;
    all[std::move(name)].push_back(std::move(value));
  }));
  if (all.empty()) return json::Document();
  std::string out;
  json::Writer w(out);
  w.begin_object();
  for (const auto& [name, values] : all) {
    w.key(name);
    if (values.size() == 1) {
      w.string(values.front());
      continue;
    }
    w.begin_array();
    for (const auto& value : values) w.string(value);
    w.end_array();
  }
  w.end_object();
  return json::Document::parse(out);
}

std::string_view skip_space(std::string_view s) {
  const std::size_t at = s.find_first_not_of(" \t\r\n");
  return at == s.npos ? std::string_view() : s.substr(at);
}

}  // namespace

Result<QueryFlags> read_query_flags(std::string_view query) {
  std::string list, scan;
  std::optional<std::string> help;
  CHECK_OK(each_decoded(query, [&](const std::string& name, std::string value) {
    if (name == "list")
      list = std::move(value);
    else if (name == "scan")
      scan = std::move(value);
    else if (name == "help")
      help = std::move(value);
  }));
  QueryFlags out;
  out.list = TRY(read_flag("list", list));
  out.scan = TRY(read_flag("scan", scan));
  // Any value that is no plain no asks for help.
  if (help) out.help = help->empty() || read_flag("help", *help).value_or(true);
  return out;
}

Result<json::Document> parse_query(std::string_view query) { return parameters_as_json(query, true); }

Result<json::Document> parse_body(std::string_view body, std::string_view content_type) {
  const std::string_view text = skip_space(body);
  if (text.empty()) return json::Document();
  const bool form = content_type.size() >= 33 && ascii_iequal(content_type.substr(0, 33), "application/x-www-form-urlencoded");
  if (form && text.front() != '{' && text.front() != '[') return parameters_as_json(body, false);
  auto document = json::Document::parse(text, body_limits);
  if (!document) {
    const std::string& why = document.error().message;
    if (why.find("nested too deeply") != why.npos || why.find("too many values") != why.npos || why.find("too many members") != why.npos)
      return invalid("refused JSON input due to high complexity: " + why);
    const std::string known = json_syntax_error(text);
    return invalid("failed to decode JSON input: " + (known.empty() ? why : known));
  }
  const json::Value root = document->root();
  if (root.is_null()) return json::Document();
  if (root.is_object()) return document;
  const std::string_view kind = root.is_array() ? "array" : root.is_string() ? "string" : root.is_bool() ? "bool" : "number";
  return invalid("failed to decode JSON input: json: cannot unmarshal " + std::string(kind) + " into Go value of type map[string]interface {}");
}

void append_errors(std::string& out, std::string_view message) {
  json::Writer w(out);
  w.begin_object().key("errors").begin_array();
  if (!message.empty()) w.string(message);
  w.end_array().end_object();
  out.push_back('\n');
}

}  // namespace coffer::doors::vault
