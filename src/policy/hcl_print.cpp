#include <fmt/format.h>

#include <algorithm>

#include "policy/hcl.h"

namespace coffer::policy::hcl {

namespace {

constexpr std::size_t widest_list = 100;  // columns of a list that stays on one line

std::string key_text(const Key& key) { return key.quoted || !plain_key(key.text) ? quoted(key.text) : key.text; }

bool is_null(const Entry& entry) { return entry.value.is(Kind::null); }

// A heredoc can be written as one again when its lines cannot be mistaken for the mark.
bool keeps_heredoc(const Value& value) {
  if (!value.heredoc || (!value.text.empty() && value.text.back() != '\n')) return false;
  if (value.text.find('\r') != std::string::npos || value.text.find('\0') != std::string::npos) return false;
  return ("\n" + value.text).find("\nEOF\n") == std::string::npos;
}

class Printer {
 public:
  std::string take() && { return std::move(out_); }

  void entries(const Value& object) {
    bool first = true, last_was_block = false;
    for (std::size_t i = 0; i < object.entries.size();) {
      const Entry& entry = object.entries[i];
      if (is_null(entry)) {
        ++i;
        continue;
      }
      const bool block = !entry.assigned;
      if (!first && (block || last_was_block)) out_ += '\n';
      first = false;
      last_was_block = block;
      i = block || !one_line(entry.value) ? single(entry, i) : aligned(object, i);
    }
    comments(object.tail);
  }

 private:
  void indent() { out_.append(2 * depth_, ' '); }
  void comments(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      if (!line.empty()) {
        indent();
        out_ += line;
      }
      out_ += '\n';
    }
  }
  void trailing(const Entry& entry) {
    for (const std::string& comment : entry.trailing) out_ += " " + comment;
    out_ += '\n';
  }

  std::size_t single(const Entry& entry, std::size_t index) {
    comments(entry.lead);
    indent();
    std::string keys;
    for (const Key& key : entry.keys) keys += (keys.empty() ? "" : " ") + key_text(key);
    out_ += keys + (entry.assigned ? " = " : " ");
    value(entry.value);
    trailing(entry);
    return index + 1;
  }

  // A run of short settings without comments between them: their '=' stand below each other.
  std::size_t aligned(const Value& object, std::size_t begin) {
    std::size_t end = begin, width = 0;
    for (; end < object.entries.size(); ++end) {
      const Entry& entry = object.entries[end];
      if (!entry.assigned || is_null(entry) || !one_line(entry.value) || (end > begin && !entry.lead.empty())) break;
      width = std::max(width, key_text(entry.keys.front()).size());
    }
    for (std::size_t i = begin; i < end; ++i) {
      const Entry& entry = object.entries[i];
      comments(entry.lead);
      indent();
      out_ += fmt::format("{:<{}} = ", key_text(entry.keys.front()), width);
      value(entry.value);
      trailing(entry);
    }
    return end;
  }

  [[nodiscard]] static bool one_line(const Value& value) {
    switch (value.kind) {
      case Kind::object: return value.entries.empty() && value.tail.empty();
      case Kind::list: return short_list(value);
      case Kind::string: return !keeps_heredoc(value);
      default: return true;
    }
  }
  [[nodiscard]] static bool short_list(const Value& list) {
    std::size_t width = 0;
    for (const Entry& entry : list.entries) {
      if (!entry.lead.empty() || !entry.trailing.empty() || entry.value.is(Kind::object) || !one_line(entry.value)) return false;
      width += entry.value.text.size() + 4;
    }
    return list.tail.empty() && (width <= widest_list || list.entries.size() <= 1);
  }

  void value(const Value& value) {
    switch (value.kind) {
      case Kind::null: break;
      case Kind::string:
        if (keeps_heredoc(value)) {
          out_ += "<<EOF\n" + value.text + "EOF";
        } else {
          out_ += quoted(value.text);
        }
        break;
      case Kind::object: object(value); break;
      case Kind::list: list(value); break;
      default: out_ += value.text;
    }
  }

  void object(const Value& object) {
    if (object.tail.empty() && std::ranges::all_of(object.entries, is_null)) {
      out_ += "{}";
      return;
    }
    out_ += "{\n";
    ++depth_;
    entries(object);
    --depth_;
    indent();
    out_ += '}';
  }

  void list(const Value& list) {
    if (short_list(list)) {
      out_ += '[';
      bool first = true;
      for (const Entry& entry : list.entries) {
        if (is_null(entry)) continue;
        if (!std::exchange(first, false)) out_ += ", ";
        value(entry.value);
      }
      out_ += ']';
      return;
    }
    out_ += "[\n";
    ++depth_;
    for (const Entry& entry : list.entries) {
      if (is_null(entry)) continue;
      comments(entry.lead);
      indent();
      value(entry.value);
      out_ += keeps_heredoc(entry.value) && entry.value.is(Kind::string) ? "\n," : ",";  // nothing may follow the closing mark
      trailing(entry);
    }
    comments(list.tail);
    --depth_;
    indent();
    out_ += ']';
  }

  std::string out_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view special = "\a\b\f\n\r\t\v\\\"", letters = "abfnrtv\\\"";
    if (const std::size_t i = special.find(c); i != std::string_view::npos) {
      out += {'\\', letters[i]};
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string print(const Value& root) {
  Printer printer;
  printer.entries(root);
  return std::move(printer).take();
}

}  // namespace coffer::policy::hcl
