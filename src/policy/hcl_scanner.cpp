#include "policy/hcl_scanner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace coffer::policy::hcl {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
unsigned hex_value(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10); }
// Beyond ASCII everything counts as a letter: the text is valid UTF-8.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool continues_identifier(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; }

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f ? fmt::format("'{}'", c) : fmt::format("the character 0x{:02x}", byte);
}

}  // namespace

std::string_view type_name(Type type) {
  constexpr std::string_view names[] = {"EOF",    "IDENT",  "STRING", "HEREDOC", "NUMBER", "BOOL",   "LBRACE",
                                        "RBRACE", "LBRACK", "RBRACK", "ASSIGN",  "COMMA",  "COMMENT"};
  return names[static_cast<std::size_t>(type)];
}

bool plain_key(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) return false;  // at the head of a text it would be its byte order mark
  if (text.empty() || !is_letter(text.front()) || text == "true" || text == "false") return false;
  for (const char c : text) {
    if (!continues_identifier(c)) return false;
  }
  return true;
}

void Scanner::step() {
  const char c = text_[offset_++];
  if (c == '\n') {
    ++line_;
    column_ = 1;
  } else if (!continues_character(c)) {
    ++column_;
  }
}

Scanner::Scanned Scanner::next() {
  while (!done()) {
    const char c = peek();
    if (c == '\r' && peek(1) != '\n') return std::unexpected(wrong("carriage return without a line feed", "end lines with \\n or \\r\\n"));
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') break;
    step();
  }
  Token token;
  token.at = here();
  token.end_line = line_;
  if (done()) return token;
  const char c = peek();
  const auto single = [&](Type type) {
    step();
    token.type = type;
    return Scanned(std::move(token));
  };
  switch (c) {
    case '{': return single(Type::left_brace);
    case '}': return single(Type::right_brace);
    case '[': return single(Type::left_bracket);
    case ']': return single(Type::right_bracket);
    case '=': return single(Type::assign);
    case ',': return single(Type::comma);
    case '#':
    case '/': return comment(std::move(token));
    case '"': return string(std::move(token));
    case '<': return heredoc(std::move(token));
    default: break;
  }
  if (is_letter(c)) return identifier(std::move(token));
  if (is_digit(c) || c == '-' || c == '.') return number(std::move(token));
  if (c == '\'') return std::unexpected(wrong("illegal character '", "strings stand in double quotes"));
  return std::unexpected(wrong("illegal character " + shown(c)));
}

Scanner::Scanned Scanner::comment(Token token) {
  const std::size_t from = offset_;
  token.type = Type::comment;
  if (peek() == '/' && peek(1) == '*') {
    step();
    step();
    while (!done() && !(peek() == '*' && peek(1) == '/')) step();
    if (done()) return std::unexpected(problem(token.at, "comment not terminated", "close it with */"));
    step();
    step();
  } else {
    if (peek() == '/' && peek(1) != '/') return std::unexpected(wrong("expected '/' or '*' after '/'", "comments begin with #, // or /*"));
    while (!done() && peek() != '\n') step();
  }
  token.text = text_.substr(from, offset_ - from);
  while (token.text.back() == '\r' || token.text.back() == ' ' || token.text.back() == '\t') token.text.pop_back();
  token.end_line = line_;
  return token;
}

Scanner::Scanned Scanner::identifier(Token token) {
  const std::size_t from = offset_;
  while (!done() && continues_identifier(peek())) step();
  token.text = text_.substr(from, offset_ - from);
  token.type = token.text == "true" || token.text == "false" ? Type::boolean : Type::identifier;
  return token;
}

Scanner::Scanned Scanner::number(Token token) {
  const std::size_t from = offset_;
  const auto digits = [&] {
    std::size_t count = 0;
    for (; is_digit(peek()); ++count) step();
    return count;
  };
  bool good = true;
  if (peek() == '-') step();
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    step();
    step();
    good = is_hex(peek());
    while (is_hex(peek())) step();
  } else {
    std::size_t count = digits();
    if (peek() == '.') {
      step();
      count += digits();
    }
    good = count > 0;
    if (good && (peek() == 'e' || peek() == 'E')) {
      step();
      if (peek() == '+' || peek() == '-') step();
      good = digits() > 0;
    }
  }
  if (!good || continues_identifier(peek()))
    return std::unexpected(problem(token.at, "malformed number", "write text and durations such as 30s in double quotes"));
  token.type = Type::number;
  token.text = text_.substr(from, offset_ - from);
  return token;
}

Scanner::Scanned Scanner::string(Token token) {
  step();
  token.type = Type::string;
  while (true) {
    if (done() || peek() == '\n')
      return std::unexpected(problem(token.at, "literal not terminated", "close the string with \" on the same line"));
    const char c = peek();
    if (c == '"') break;
    if (c == '\\') {
      if (auto good = escape(token.text); !good) return std::unexpected(std::move(good).error());
      continue;
    }
    token.text.push_back(c);
    step();
  }
  step();
  return token;
}

std::expected<void, Problem> Scanner::escape(std::string& out) {
  const Position at = here();
  step();
  if (done()) return std::unexpected(problem(at, "literal not terminated"));
  const char c = peek();
  constexpr std::string_view letters = "abfnrtv\\\"", meanings = "\a\b\f\n\r\t\v\\\"";
  if (const std::size_t i = letters.find(c); i != std::string_view::npos) {
    out.push_back(meanings[i]);
    step();
    return {};
  }
  if (c >= '0' && c <= '7') {
    unsigned value = 0;
    for (int i = 0; i < 3; ++i, step()) {
      if (done() || peek() < '0' || peek() > '7') return std::unexpected(problem(at, "an octal escape has three digits"));
      value = value * 8 + hex_value(peek());
    }
    if (value > 0x7f) return std::unexpected(problem(at, "an octal escape above \\177 is not a character", "write \\u00e9 and the like"));
    out.push_back(static_cast<char>(value));
    return {};
  }
  if (c == 'x' || c == 'u' || c == 'U') {
    step();
    return code_point(out, c == 'x' ? 2 : c == 'u' ? 4 : 8);
  }
  return std::unexpected(problem(at, fmt::format("unknown escape: \\ before {}", shown(c)), "write \\\\ for a backslash"));
}

std::expected<void, Problem> Scanner::code_point(std::string& out, int digits) {
  const Position at = here();
  std::uint32_t value = 0;
  for (int i = 0; i < digits; ++i, step()) {
    if (done() || !is_hex(peek())) return std::unexpected(problem(at, fmt::format("this escape has {} hexadecimal digits", digits)));
    value = value << 4 | hex_value(peek());
  }
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return std::unexpected(problem(at, "not a Unicode character"));
  append_utf8(out, value);
  return {};
}

// <<MARK ... MARK, the lines between; with <<-MARK the indentation of the closing mark is taken off every line, if all have it.
Scanner::Scanned Scanner::heredoc(Token token) {
  step();
  if (peek() != '<') return std::unexpected(problem(token.at, "heredoc expected second '<'", "a text of several lines begins with <<EOF"));
  step();
  const bool indented = peek() == '-';
  if (indented) step();
  const std::size_t from = offset_;
  while (is_letter(peek()) || is_digit(peek())) step();
  const std::string_view mark = text_.substr(from, offset_ - from);
  if (peek() == '\r') step();
  if (mark.empty() || peek() != '\n')
    return std::unexpected(problem(token.at, "heredoc without a mark", "write <<EOF, the text below it, and EOF on a line of its own"));
  step();
  std::vector<std::string_view> lines;
  while (!done()) {
    std::string_view line = text_.substr(offset_, text_.find('\n', offset_) - offset_);
    while (!done() && peek() != '\n') step();
    std::string_view bare = line;
    while (!bare.empty() && bare.back() == '\r') bare.remove_suffix(1);
    const std::size_t indent = indented ? std::min(bare.find_first_not_of(" \t"), bare.size()) : 0;
    if (bare.substr(indent) == mark) {
      bool strip = indented;
      for (const std::string_view each : lines) strip = strip && each.starts_with(bare.substr(0, indent));
      for (const std::string_view each : lines) token.text.append(each.substr(strip ? indent : 0)).push_back('\n');
      token.type = Type::heredoc;
      token.end_line = line_;
      return token;
    }
    lines.push_back(line);
    if (!done()) step();
  }
  return std::unexpected(problem(token.at, "heredoc not terminated", fmt::format("end it with {} on a line of its own", mark)));
}

}  // namespace coffer::policy::hcl
