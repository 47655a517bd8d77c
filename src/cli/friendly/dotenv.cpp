#include "cli/friendly/dotenv.h"

#include <fmt/format.h>

namespace coffer::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

struct Scanner {
  std::string_view text;
  std::size_t at = 0;
  std::size_t line = 1;

  [[nodiscard]] bool ended() const { return at >= text.size(); }
  [[nodiscard]] char peek() const { return ended() ? '\n' : text[at]; }
  char take() {
    const char c = text[at++];
    if (c == '\n') ++line;
    return c;
  }
  void skip_blanks() {
    while (!ended() && is_blank(peek())) take();
  }
  void skip_line() {
    while (!ended() && peek() != '\n') take();
    if (!ended()) take();
  }

  [[nodiscard]] std::unexpected<Error> error(std::string_view what) const { return invalid(fmt::format("line {}: {}", line, what)); }

  Result<std::string> name() {
    const std::size_t start = at;
    while (!ended() && peek() != '=' && peek() != '\n' && !is_blank(peek())) take();
    std::string_view word = text.substr(start, at - start);
    if (word == "export" && is_blank(peek())) {
      skip_blanks();
      if (peek() != '=') return name();
    }
    if (!is_variable_name(word)) return error("a name is needed: letters, digits and '_', not beginning with a digit");
    return std::string(word);
  }

  Result<std::string> quoted(char quote) {
    const std::size_t began = line;
    std::string out;
    while (!ended()) {
      const char c = take();
      if (c == quote) return out;
      if (c == '\\' && quote == '"' && !ended()) {
        const char escaped = take();
        if (escaped == 'n') out.push_back('\n');
        else if (escaped == 'r') out.push_back('\r');
        else if (escaped == 't') out.push_back('\t');
        else if (escaped == '"' || escaped == '\\' || escaped == '$') out.push_back(escaped);
        else out.push_back('\\'), out.push_back(escaped);
      } else {
        out.push_back(c);
      }
    }
    return invalid(fmt::format("line {}: the quote is not closed", began));
  }

  Result<std::string> value() {
    skip_blanks();
    if (peek() == '\'' || peek() == '"') {
      std::string out = TRY(quoted(take()));
      const std::size_t behind = at;
      skip_blanks();
      if (!ended() && peek() != '\n' && (peek() != '#' || at == behind)) return error("something stands behind the closing quote");
      skip_line();
      return out;
    }
    std::string out;
    while (!ended() && peek() != '\n') {
      if (peek() == '#' && (out.empty() || is_blank(out.back()))) break;
      out.push_back(take());
    }
    skip_line();
    while (!out.empty() && is_blank(out.back())) out.pop_back();
    return out;
  }
};

bool needs_quotes(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value)
    if (!is_letter(c) && !(c >= '0' && c <= '9') && std::string_view("-./:@,+=%").find(c) == std::string_view::npos) return true;
  return false;
}

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || !is_letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

Result<Variables> parse_dotenv(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) return invalid("the text holds a NUL byte");
  Variables out;
  Scanner scanner{text};
  while (!scanner.ended()) {
    scanner.skip_blanks();
    if (scanner.peek() == '\n' || scanner.peek() == '#') {
      scanner.skip_line();
      continue;
    }
    std::string name = TRY(scanner.name());
    scanner.skip_blanks();
    if (scanner.peek() != '=') return scanner.error("'=' is missing");
    scanner.take();
    std::string value = TRY(scanner.value());
    out.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

std::string print_dotenv(const Variables& variables) {
  std::string out;
  for (const auto& [name, value] : variables) {
    out += name + "=";
    if (!needs_quotes(value)) {
      out += value + "\n";
      continue;
    }
    out.push_back('"');
    for (const char c : value) {
      switch (c) {
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '"':
        case '\\':
        case '$': out.push_back('\\'); [[fallthrough]];
        default: out.push_back(c);
      }
    }
    out += "\"\n";
  }
  return out;
}

std::string print_shell(const Variables& variables) {
  std::string out;
  for (const auto& [name, value] : variables) {
    out += "export " + name + "='";
    for (const char c : value) {
      if (c == '\'') out += "'\\''";
      else out.push_back(c);
    }
    out += "'\n";
  }
  return out;
}

}  // namespace coffer::cli
