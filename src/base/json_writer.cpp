#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "base/json.h"
#include "base/json_names.h"

namespace coffer::json {
namespace {

// The lowest of eight bytes that may not stand as they are, control characters, quotes and backslashes, as its highest bit; 0 where all may (tests for a zero
// byte in Mycroft's form: what is above the lowest may be wrong).
std::uint64_t special_among(const char* data) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
  std::uint64_t word;
  std::memcpy(&word, data, 8);
  const std::uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
  const std::uint64_t control = (word - ones * 0x20) & ~word;
  return (control | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & highs;
}

// Where the next such byte stands, from `i` on; the text's size where there is none.
std::size_t next_special(std::string_view text, std::size_t i) {
  for (; i + 8 <= text.size(); i += 8)
    if (const std::uint64_t found = special_among(text.data() + i); found != 0)
      return i + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  for (; i < text.size(); ++i)
    if (static_cast<unsigned char>(text[i]) < 0x20 || text[i] == '"' || text[i] == '\\') return i;
  return text.size();
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::size_t from = 0;
  for (std::size_t i = next_special(text, 0); i < text.size(); i = next_special(text, i + 1)) {
    out.append(text, from, i - from);
    from = i + 1;
    const auto c = static_cast<unsigned char>(text[i]);
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        out.append("\\u00");
        out.push_back(digits[c >> 4]);
        out.push_back(digits[c & 15]);
    }
  }
  out.append(text, from, text.size() - from);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_escaped(out, text);
  out.push_back('"');
  return out;
}

void Writer::separate() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}
Writer& Writer::begin_object() {
  separate();
  out_.push_back('{');
  comma_ = false;
  return *this;
}
Writer& Writer::end_object() {
  out_.push_back('}');
  comma_ = true;
  return *this;
}
Writer& Writer::begin_array() {
  separate();
  out_.push_back('[');
  comma_ = false;
  return *this;
}
Writer& Writer::end_array() {
  out_.push_back(']');
  comma_ = true;
  return *this;
}
Writer& Writer::key(std::string_view name) {
  separate();
  out_.push_back('"');
  append_escaped(out_, name);
  out_.append("\":");
  comma_ = false;
  return *this;
}
Writer& Writer::foreign_key(std::string_view name) {
  if (!redacting()) return key(name);
  separate();
  out_.push_back('"');
  redactor_->append_redacted(name, out_);
  out_.append("\":");
  comma_ = false;
  return *this;
}
Writer& Writer::string(std::string_view value) {
  separate();
  out_.push_back('"');
  if (redacting())
    redactor_->append_redacted(value, out_);
  else
    append_escaped(out_, value);
  out_.push_back('"');
  return *this;
}
Writer& Writer::integer(std::int64_t value) {
  const fmt::format_int text(value);
  if (redacting()) return string(std::string_view(text.data(), text.size()));
  separate();
  out_.append(text.data(), text.size());
  return *this;
}
Writer& Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  const std::string text = fmt::format("{}", value);
  if (redacting()) return string(text);
  separate();
  out_.append(text);
  return *this;
}
Writer& Writer::boolean(bool value) {
  const std::string_view text = value ? "true" : "false";
  if (redacting()) return string(text);
  separate();
  out_.append(text);
  return *this;
}
Writer& Writer::null() {
  separate();
  out_.append("null");
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  if (!redacting()) {
    separate();
    out_.append(json);
    return *this;
  }
  // What the server holds was parsed before; should it not parse now, it is hashed whole rather than shown.
  if (auto document = Document::parse(json))
    redact_tree(document->root());
  else
    string(json);
  return *this;
}

void Writer::redact_tree(Value value) {
  switch (value.kind()) {
    case Kind::null: null(); break;
    case Kind::object:
      begin_object();
      for (const auto& [name, member] : value.members()) {
        foreign_key(name);
        redact_tree(member);
      }
      end_object();
      break;
    case Kind::array:
      begin_array();
      for (const Value& element : value.elements()) redact_tree(element);
      end_array();
      break;
    case Kind::string: string(value.text()); break;
    case Kind::number:
    case Kind::boolean: string(value.raw()); break;
  }
}

namespace {
void merge_into(Writer& writer, Value target, Value patch) {
  if (!patch.is_object()) {
    writer.raw(patch.raw());
    return;
  }
  writer.begin_object();
  if (target.is_object())
    for (const auto& [name, member] : members_that_count(target)) {
      const auto change = patch.find(name);
      if (change && change->is_null()) continue;
      writer.key(name);
      if (change)
        merge_into(writer, member, *change);
      else
        writer.raw(member.raw());
    }
  for (const auto& [name, member] : members_that_count(patch)) {
    if (member.is_null() || (target.is_object() && target.find(name))) continue;
    writer.key(name);
    merge_into(writer, Value(), member);
  }
  writer.end_object();
}
}  // namespace

std::string merge_patch(Value target, Value patch) {
  std::string out;
  Writer writer(out);
  merge_into(writer, target, patch);
  return out;
}

}  // namespace coffer::json
