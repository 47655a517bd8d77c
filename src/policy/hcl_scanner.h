#pragma once
#include "policy/hcl.h"

// Tokens of HCL 1 (internal to the parser).
namespace coffer::policy::hcl {

enum class Type : std::uint8_t {
  end,
  identifier,
  string,
  heredoc,
  number,
  boolean,
  left_brace,
  right_brace,
  left_bracket,
  right_bracket,
  assign,
  comma,
  comment
};
// The names that HCL's own messages use: IDENT, STRING, RBRACE ...
[[nodiscard]] std::string_view type_name(Type type);

struct Token {
  Type type = Type::end;
  Position at;
  std::uint32_t end_line = 0;  // the line of its last character
  std::string text;            // strings unescaped; comments with their marks
};

class Scanner {
 public:
  // The text must outlive the scanner and be valid UTF-8.
  Scanner(std::string_view text, std::string_view file) : text_(text), file_(file) {}
  [[nodiscard]] std::expected<Token, Problem> next();

 private:
  using Scanned = std::expected<Token, Problem>;
  [[nodiscard]] bool done() const { return offset_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0'; }
  void step();  // one byte; counts lines and characters
  [[nodiscard]] Position here() const { return {file_, line_, column_}; }
  [[nodiscard]] Problem wrong(std::string message, std::string hint = {}) const {
    return problem(here(), std::move(message), std::move(hint));
  }

  Scanned comment(Token token);
  Scanned identifier(Token token);
  Scanned number(Token token);
  Scanned string(Token token);
  Scanned heredoc(Token token);
  std::expected<void, Problem> escape(std::string& out);
  std::expected<void, Problem> code_point(std::string& out, int digits);

  std::string_view text_, file_;
  std::size_t offset_ = 0;
  std::uint32_t line_ = 1, column_ = 1;
};

}  // namespace coffer::policy::hcl
