#include "cli/output/json_text.h"

#include "cli/output/table.h"

namespace coffer::cli {
namespace {

void append_text(std::string& out, std::string_view text) {
  const std::string plain = json::quoted(text);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    switch (plain[i]) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      case '\xe2':  // U+2028 and U+2029 end lines in JavaScript
        if (plain.compare(i, 3, "\xe2\x80\xa8") == 0) out += "\\u2028", i += 2;
        else if (plain.compare(i, 3, "\xe2\x80\xa9") == 0) out += "\\u2029", i += 2;
        else out.push_back(plain[i]);
        break;
      default: out.push_back(plain[i]);
    }
  }
}

struct Printer {
  bool sorted;
  bool lines;
  std::string out = {};

  void new_line(std::size_t depth) {
    if (!lines) return;
    out.push_back('\n');
    out.append(depth * 2, ' ');
  }

  void print(json::Value value, std::size_t depth) {
    switch (value.kind()) {
      case json::Kind::string: append_text(out, value.text()); return;
      case json::Kind::null: out += "null"; return;
      case json::Kind::number:
      case json::Kind::boolean: out += value.raw(); return;
      case json::Kind::array: print_array(value, depth); return;
      case json::Kind::object: print_object(value, depth); return;
    }
  }

  void print_array(json::Value value, std::size_t depth) {
    out.push_back('[');
    bool first = true;
    for (const json::Value& element : value.elements()) {
      if (!std::exchange(first, false)) out.push_back(',');
      new_line(depth + 1);
      print(element, depth + 1);
    }
    if (!first) new_line(depth);
    out.push_back(']');
  }

  void print_object(json::Value value, std::size_t depth) {
    out.push_back('{');
    bool first = true;
    for (const auto& member : sorted ? sorted_members(value) : value.members()) {
      if (!std::exchange(first, false)) out.push_back(',');
      new_line(depth + 1);
      append_text(out, member.key);
      out += lines ? ": " : ":";
      print(member.value, depth + 1);
    }
    if (!first) new_line(depth);
    out.push_back('}');
  }
};

}  // namespace

std::string indented_json(json::Value value, bool sorted) {
  Printer printer{sorted, true};
  printer.print(value, 0);
  return std::move(printer.out);
}

std::string compact_json(json::Value value, bool sorted) {
  Printer printer{sorted, false};
  printer.print(value, 0);
  return std::move(printer.out);
}

}  // namespace coffer::cli
