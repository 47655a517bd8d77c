#include "cli/output/yaml_text.h"

#include <fmt/format.h>
#include <yaml.h>

#include <set>

#include "base/encoding.h"
#include "cli/output/table.h"

namespace coffer::cli {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// JSON's number grammar (RFC 8259 §6), which is the decimal part of YAML's core schema but for leading '+', '.' and zeros.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t integer = std::min(text.find_first_not_of("0123456789"), text.size());
  if (integer == 0 || (integer > 1 && text[0] == '0')) return false;
  text.remove_prefix(integer);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t fraction = std::min(text.find_first_not_of("0123456789"), text.size());
    if (fraction == 0) return false;
    text.remove_prefix(fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!all_digits(text)) return false;
    text = {};
  }
  return text.empty();
}

// Whether a plain scalar of that text would be read as something else than a text, by YAML 1.1 or 1.2 readers.
bool reads_as_other_type(std::string_view text) {
  if (text.empty()) return true;
  const std::string lower = ascii_lower(text);
  for (const std::string_view word : {"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf", "+.inf", "<<", "="})
    if (lower == word) return true;
  const char first = text[0] == '-' || text[0] == '+' ? (text.size() > 1 ? text[1] : ' ') : text[0];
  // Numbers in any base, sexagesimals and dates all begin with a digit or a point.
  return (first >= '0' && first <= '9') || first == '.';
}

class Emitter {
 public:
  Emitter() {
    yaml_emitter_initialize(&emitter_);
    yaml_emitter_set_output(&emitter_, &take, &out_);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, -1);
  }
  ~Emitter() { yaml_emitter_delete(&emitter_); }
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  std::string emit(json::Value value) {
    yaml_event_t event;
    bool ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) != 0 && send(event);
    ok = ok && yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1) != 0 && send(event);
    ok = ok && node(value);
    ok = ok && yaml_document_end_event_initialize(&event, 1) != 0 && send(event);
    ok = ok && yaml_stream_end_event_initialize(&event) != 0 && send(event);
    if (!ok) return {};
    return std::move(out_);
  }

 private:
  static int take(void* user, unsigned char* data, std::size_t size) {
    static_cast<std::string*>(user)->append(reinterpret_cast<const char*>(data), size);
    return 1;
  }
  bool send(yaml_event_t& event) { return yaml_emitter_emit(&emitter_, &event) != 0; }

  bool scalar(std::string_view text, yaml_scalar_style_t style) {
    yaml_event_t event;
    return yaml_scalar_event_initialize(&event, nullptr, nullptr, reinterpret_cast<const yaml_char_t*>(text.data()),
                                        static_cast<int>(text.size()), 1, 1, style) != 0 &&
           send(event);
  }
  bool text_scalar(std::string_view text) {
    yaml_scalar_style_t style = YAML_ANY_SCALAR_STYLE;
    // A block that keeps several line ends at its end would swallow what is done to the end of the document.
    if (reads_as_other_type(text) || text.ends_with("\n\n") || text == "\n") style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    else if (text.find('\n') != std::string_view::npos) style = YAML_LITERAL_SCALAR_STYLE;
    return scalar(text, style);
  }

  bool node(json::Value value) {
    yaml_event_t event;
    switch (value.kind()) {
      case json::Kind::string: return text_scalar(value.text());
      case json::Kind::null: return scalar("null", YAML_PLAIN_SCALAR_STYLE);
      case json::Kind::number:
      case json::Kind::boolean: return scalar(value.raw(), YAML_PLAIN_SCALAR_STYLE);
      case json::Kind::array: {
        const auto style = value.size() == 0 ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
        if (yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, style) == 0 || !send(event)) return false;
        for (const json::Value& element : value.elements())
          if (!node(element)) return false;
        return yaml_sequence_end_event_initialize(&event) != 0 && send(event);
      }
      case json::Kind::object: {
        const auto style = value.size() == 0 ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
        if (yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, style) == 0 || !send(event)) return false;
        for (const auto& member : sorted_members(value))
          if (!text_scalar(member.key) || !node(member.value)) return false;
        return yaml_mapping_end_event_initialize(&event) != 0 && send(event);
      }
    }
    return false;
  }

  yaml_emitter_t emitter_{};
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    if (text.data() == nullptr) text = "";  // libyaml asserts that there is a pointer
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<std::string> read() {
    yaml_event_t event;
    CHECK_OK(next(event));  // stream start
    yaml_event_delete(&event);
    CHECK_OK(next(event));
    const bool empty = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    std::string out;
    if (empty) return std::string("null");
    CHECK_OK(next(event));
    CHECK_OK(node(event, out, 0));
    return out;
  }

 private:
  Result<void> next(yaml_event_t& event) {
    if (yaml_parser_parse(&parser_, &event) == 0)
      return invalid(fmt::format("invalid YAML at line {}: {}", parser_.problem_mark.line + 1, parser_.problem == nullptr ? "" : parser_.problem));
    return {};
  }

  // Takes over `event`.
  Result<void> node(yaml_event_t& event, std::string& out, int depth) {
    const std::size_t line = event.start_mark.line + 1;
    const yaml_event_type_t type = event.type;
    if (depth > 64) return yaml_event_delete(&event), invalid(fmt::format("YAML nested too deeply at line {}", line));
    if (type == YAML_SCALAR_EVENT) {
      append_scalar(event, out);
      yaml_event_delete(&event);
      return {};
    }
    yaml_event_delete(&event);
    if (type == YAML_SEQUENCE_START_EVENT) return sequence(out, depth);
    if (type == YAML_MAPPING_START_EVENT) return mapping(out, depth);
    return invalid(fmt::format("YAML aliases are not supported (line {})", line));
  }

  Result<void> sequence(std::string& out, int depth) {
    out.push_back('[');
    for (bool first = true;; first = false) {
      yaml_event_t event;
      CHECK_OK(next(event));
      if (event.type == YAML_SEQUENCE_END_EVENT) {
        yaml_event_delete(&event);
        out.push_back(']');
        return {};
      }
      if (!first) out.push_back(',');
      CHECK_OK(node(event, out, depth + 1));
    }
  }

  Result<void> mapping(std::string& out, int depth) {
    out.push_back('{');
    std::set<std::string> keys;
    for (bool first = true;; first = false) {
      yaml_event_t event;
      CHECK_OK(next(event));
      if (event.type == YAML_MAPPING_END_EVENT) {
        yaml_event_delete(&event);
        out.push_back('}');
        return {};
      }
      const std::size_t line = event.start_mark.line + 1;
      if (event.type != YAML_SCALAR_EVENT) return yaml_event_delete(&event), invalid(fmt::format("YAML key at line {} must be a text", line));
      std::string key(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
      yaml_event_delete(&event);
      if (!first) out.push_back(',');
      out += json::quoted(key) + ":";
      if (!keys.insert(std::move(key)).second) return invalid(fmt::format("YAML key at line {} stands twice", line));
      CHECK_OK(next(event));
      CHECK_OK(node(event, out, depth + 1));
    }
  }

  static void append_scalar(const yaml_event_t& event, std::string& out) {
    const std::string_view text(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
    const bool plain = event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && event.data.scalar.tag == nullptr;
    const std::string lower = plain && text.size() <= 5 ? ascii_lower(text) : std::string();
    if (plain && (text.empty() || text == "~" || lower == "null")) out += "null";
    else if (plain && (lower == "true" || lower == "false")) out += lower;
    else if (plain && is_json_number(text)) out += text;
    else out += json::quoted(text);
  }

  yaml_parser_t parser_{};
};

}  // namespace

std::string yaml_text(json::Value value) { return Emitter().emit(value); }

Result<std::string> yaml_to_json(std::string_view text) { return Reader(text).read(); }

}  // namespace coffer::cli
