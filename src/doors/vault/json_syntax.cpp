#include "doors/vault/json_syntax.h"

#include <fmt/format.h>

#include <utility>

namespace coffer::doors::vault {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\'') return R"('\'')";
  if (c == '\\') return R"('\\')";
  if (c == '\n') return R"('\n')";
  if (c == '\r') return R"('\r')";
  if (c == '\t') return R"('\t')";
  if (byte < 0x20 || byte >= 0x7f) return fmt::format(R"('\x{:02x}')", byte);
  return fmt::format("'{}'", c);
}

// Walks the text once, with the open containers on a stack; every step answers false when `error_` is set.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::string run() {
    while (skip_space(), at_ < text_.size())
      if (!value() || !members()) return std::move(error_);
    return {};
  }

 private:
  bool fail(std::string_view where) {
    error_ = at_ < text_.size() ? fmt::format("invalid character {} {}", shown(text_[at_]), where) : "unexpected EOF";
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  [[nodiscard]] bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  // A scalar, or the opening of a container.
  bool value() {
    skip_space();
    if (at_ >= text_.size()) return fail("");
    switch (text_[at_]) {
      case '{':
      case '[': return open();
      case '"': return string();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: break;
    }
    if (text_[at_] == '-' || is_digit(text_[at_])) return number();
    return fail("looking for beginning of value");
  }
  bool open() {
    open_.push_back(text_[at_++]);
    empty_ = true;
    return true;
  }
  bool key() {
    skip_space();
    if (!next_is('"')) return fail("looking for beginning of object key string");
    if (!string()) return false;
    skip_space();
    if (!next_is(':')) return fail("after object key");
    ++at_;
    return value();
  }
  // What follows a value inside its containers, until all are closed. No recursion: the text may open millions.
  bool members() {
    while (!open_.empty()) {
      skip_space();
      const bool object = open_.back() == '{', first = std::exchange(empty_, false);
      if (next_is(object ? '}' : ']')) {
        ++at_;
        open_.pop_back();
      } else if (first || next_is(',')) {
        at_ += first ? 0 : 1;
        if (!(object ? key() : value())) return false;
      } else {
        return fail(object ? "after object key:value pair" : "after array element");
      }
    }
    return true;
  }
  bool string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return fail("in string literal");
      if (text_[at_] == '\\' && !escape()) return false;
    }
    if (at_ >= text_.size()) return fail("");
    ++at_;
    return true;
  }
  bool escape() {
    ++at_;
    if (at_ >= text_.size() || std::string_view("\"\\/bfnrtu").find(text_[at_]) == std::string_view::npos)
      return fail("in string escape code");
    if (text_[at_] != 'u') return true;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      if (at_ >= text_.size() || !is_hex(text_[at_])) return fail(R"(in \u hexadecimal character escape)");
    }
    return true;
  }
  bool literal(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_)
      if (!next_is(word[i])) return fail(fmt::format("in literal {} (expecting '{}')", word, word[i]));
    return true;
  }
  bool digits(std::string_view where) {
    if (at_ >= text_.size() || !is_digit(text_[at_])) return fail(where);
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return true;
  }
  bool number() {
    if (next_is('-')) ++at_;
    if (next_is('0'))
      ++at_;
    else if (!digits("in numeric literal"))
      return false;
    if (next_is('.')) {
      ++at_;
      if (!digits("after decimal point in numeric literal")) return false;
    }
    if (!next_is('e') && !next_is('E')) return true;
    ++at_;
    if (next_is('+') || next_is('-')) ++at_;
    return digits("in exponent of numeric literal");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;    // '{' and '[' of the containers around
  bool empty_ = false;  // the innermost has just been opened
  std::string error_;
};

}  // namespace

std::string json_syntax_error(std::string_view text) { return Scan(text).run(); }

}  // namespace coffer::doors::vault
