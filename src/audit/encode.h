#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

// Small pieces of JSON straight into a buffer: keys are literals with their punctuation (`,"path":"`), values are escaped.
namespace coffer::audit {

// JSON's escapes, and U+FFFD in place of bytes that are not UTF-8: records of malformed requests must be valid JSON too.
void append_text(std::string& out, std::string_view value);
// A JSON text on one line: line ends can only be white space between its tokens.
void append_json(std::string& out, std::string_view json);

template <class Integer>
void append_number(std::string& out, Integer value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}
inline void put(std::string& out, std::string_view key_and_quote, std::string_view value) {
  out.append(key_and_quote);
  append_text(out, value);
  out.push_back('"');
}
inline void put_if(std::string& out, std::string_view key_and_quote, std::string_view value) {
  if (!value.empty()) put(out, key_and_quote, value);
}
inline void put_json_if(std::string& out, std::string_view key, std::string_view json) {
  if (json.empty()) return;
  out.append(key);
  append_json(out, json);
}
template <class Integer>
void put_number_if(std::string& out, std::string_view key, Integer value) {
  if (value == 0) return;
  out.append(key);
  append_number(out, value);
}

}  // namespace coffer::audit
