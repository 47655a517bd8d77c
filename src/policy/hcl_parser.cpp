#include <fmt/format.h>

#include <algorithm>

#include "base/brief.h"
#include "base/encoding.h"
#include "policy/hcl_json.h"
#include "policy/hcl_scanner.h"

namespace coffer::policy::hcl {

namespace {

using Checked = std::expected<void, Problem>;

// Hands on the failure of an inner step.
#define HCL_CHECK(expr)                                                                      \
  do {                                                                                       \
    if (auto checked = (expr); !checked) return std::unexpected(std::move(checked).error()); \
  } while (false)

class Parser {
 public:
  Parser(std::string_view text, std::string_view file, const Limits& limits) : scanner_(text, file), limits_(limits) {}

  Checked run(Value& root) {
    root.kind = Kind::object;
    HCL_CHECK(advance());
    root.at = token_.at;
    return body(root, nullptr);
  }

 private:
  struct Comment {
    std::string text;
    std::uint32_t line, end_line;
  };

  // To the next token that is no comment; the comments passed wait in `pending_`.
  Checked advance() {
    last_line_ = token_.end_line;
    while (true) {
      auto next = scanner_.next();
      if (!next) return std::unexpected(std::move(next).error());
      if (next->type == Type::comment) {
        HCL_CHECK(count());
        pending_.push_back({std::move(next->text), next->at.line, next->end_line});
        continue;
      }
      token_ = std::move(*next);
      return {};
    }
  }

  Checked count() {
    if (++nodes_ > limits_.nodes) return std::unexpected(wrong("too many values", "split the text"));
    return {};
  }
  [[nodiscard]] Problem wrong(std::string message, std::string hint = {}) const {
    return problem(token_.at, std::move(message), std::move(hint));
  }
  [[nodiscard]] bool at_type(Type type) const { return token_.type == type; }

  // Moves the waiting comments; an empty line between them, or before the next thing, becomes "".
  void take_comments(std::vector<std::string>& into, std::uint32_t next_line) {
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      into.push_back(std::move(pending_[i].text));
      const std::uint32_t following = i + 1 < pending_.size() ? pending_[i + 1].line : next_line;
      if (following > pending_[i].end_line + 1) into.emplace_back();
    }
    pending_.clear();
  }
  // Comments that begin on the line where the value ended belong to it.
  void take_trailing(Entry& entry, std::uint32_t line) {
    std::size_t n = 0;
    while (n < pending_.size() && pending_[n].line == line) entry.trailing.push_back(std::move(pending_[n++].text));
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(n));
  }
  // Comments within an entry move above it.
  void hoist_comments(Entry& entry) { take_comments(entry.lead, 0); }

  // The entries of an object up to its closing brace, or of the whole text when `opening` is null.
  Checked body(Value& object, const Position* opening) {
    while (true) {
      if (opening != nullptr && at_type(Type::right_brace)) break;
      if (at_type(Type::end)) {
        if (opening == nullptr) break;
        // HCL counts the end of the text as one more column when it misses a brace; Vault's users know that number.
        Problem missing =
            wrong("object expected closing RBRACE got: EOF", fmt::format("add the }} that closes the block of line {}", opening->line));
        ++missing.column;
        return std::unexpected(std::move(missing));
      }
      Entry entry;
      take_comments(entry.lead, token_.at.line);
      HCL_CHECK(this->entry(entry));
      const std::uint32_t line = last_line_;
      if (at_type(Type::comma)) HCL_CHECK(advance());
      take_trailing(entry, line);
      object.entries.push_back(std::move(entry));
    }
    take_comments(object.tail, 0);
    return {};
  }

  Checked entry(Entry& entry) {
    while (at_type(Type::identifier) || at_type(Type::string)) {
      HCL_CHECK(count());
      entry.keys.push_back({std::move(token_.text), token_.at, at_type(Type::string)});
      HCL_CHECK(advance());
    }
    if (entry.keys.empty()) return std::unexpected(no_key());
    hoist_comments(entry);
    if (at_type(Type::left_brace)) return value(entry);
    if (!at_type(Type::assign)) {
      std::string names;
      for (const Key& key : entry.keys) names += (names.empty() ? "" : " ") + key.text;
      return std::unexpected(
          wrong(fmt::format("key '{}' expected start of object ('{{') or assignment ('='), got: {}", brief(names), type_name(token_.type))));
    }
    if (entry.keys.size() > 1)
      return std::unexpected(wrong("nested object expected: LBRACE got: ASSIGN", "a block with labels has no '=' before its {"));
    entry.assigned = true;
    HCL_CHECK(advance());
    hoist_comments(entry);
    return value(entry);
  }

  [[nodiscard]] Problem no_key() const {
    if (at_type(Type::right_brace)) return wrong("expected: IDENT | STRING got: RBRACE", "this } closes nothing: take it away");
    return wrong(fmt::format("expected: IDENT | STRING | ASSIGN | LBRACE got: {}", type_name(token_.type)),
                 "a setting is written as: name = value");
  }

  Checked value(Entry& entry) {
    HCL_CHECK(count());
    Value& value = entry.value;
    value.at = token_.at;
    switch (token_.type) {
      case Type::heredoc: value.heredoc = true; [[fallthrough]];
      case Type::string: value.kind = Kind::string; break;
      case Type::number: value.kind = Kind::number; break;
      case Type::boolean: value.kind = Kind::boolean; break;
      case Type::left_brace: return container(value, Kind::object);
      case Type::left_bracket: return container(value, Kind::list);
      case Type::identifier:
        return std::unexpected(wrong(fmt::format("expected a value, got: IDENT {}", token_.text), "strings stand in double quotes"));
      default: return std::unexpected(wrong(fmt::format("expected a value, got: {}", type_name(token_.type))));
    }
    value.text = std::move(token_.text);
    return advance();
  }

  Checked container(Value& value, Kind kind) {
    if (++depth_ > limits_.depth) return std::unexpected(wrong("nested too deeply", fmt::format("at most {} levels", limits_.depth)));
    const Position opening = token_.at;
    value.kind = kind;
    HCL_CHECK(advance());
    if (kind == Kind::object) {
      HCL_CHECK(body(value, &opening));
    } else {
      HCL_CHECK(elements(value, opening));
    }
    --depth_;
    return advance();
  }

  Checked elements(Value& list, const Position& opening) {
    while (!at_type(Type::right_bracket)) {
      Entry entry;
      take_comments(entry.lead, token_.at.line);
      if (at_type(Type::end))
        return std::unexpected(
            wrong("error parsing list, expected RBRACK got: EOF", fmt::format("add the ] that closes the list of line {}", opening.line)));
      HCL_CHECK(value(entry));
      const std::uint32_t line = last_line_;
      hoist_before_comma(entry, line);
      if (at_type(Type::comma)) {
        HCL_CHECK(advance());
        take_trailing(entry, line);
      } else if (!at_type(Type::right_bracket)) {
        return std::unexpected(wrong(fmt::format("error parsing list, expected comma or list end, got: {}", type_name(token_.type))));
      }
      list.entries.push_back(std::move(entry));
    }
    take_comments(list.tail, 0);
    return {};
  }
  // Comments between an element and its comma, or the end of the list: those on its line trail it, the others wait for what follows.
  void hoist_before_comma(Entry& entry, std::uint32_t line) { take_trailing(entry, line); }

  Scanner scanner_;
  const Limits& limits_;
  Token token_;
  std::uint32_t last_line_ = 0;  // where the token before ended
  std::vector<Comment> pending_;
  std::size_t nodes_ = 0, depth_ = 0;
};

std::optional<Problem> refuse_text(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) return Problem{1, 1, fmt::format("the text is longer than {} bytes", limits.bytes), {}};
  if (text.find('\0') == std::string_view::npos && valid_utf8(text)) return std::nullopt;
  // Say which line: the first that is not text.
  std::uint32_t line = 1;
  for (std::size_t from = 0; from < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string_view piece = text.substr(from, end - from);
    if (piece.find('\0') != std::string_view::npos || !valid_utf8(piece)) break;
    from = end + 1;
  }
  return Problem{line, 1, "this line is not UTF-8 text", "save the file as UTF-8"};
}

}  // namespace

std::expected<Document, Problem> parse(std::string_view text, std::string_view file, const Limits& limits) {
  if (auto refused = refuse_text(text, limits)) return std::unexpected(std::move(*refused));
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Document document;
  document.file = std::make_shared<const std::string>(file);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  document.json = first != std::string_view::npos && text[first] == '{';
  auto parsed =
      document.json ? parse_json(text, *document.file, limits, document.root) : Parser(text, *document.file, limits).run(document.root);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  return document;
}

Problem problem(const Position& at, std::string message, std::string hint) {
  return {at.line, at.column, std::move(message), std::move(hint)};
}

std::string_view kind_name(Kind kind) {
  constexpr std::string_view names[] = {"null", "boolean", "number", "string", "list", "object"};
  return names[static_cast<std::size_t>(kind)];
}

bool same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.tail != b.tail || a.entries.size() != b.entries.size()) return false;
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    const Entry &x = a.entries[i], &y = b.entries[i];
    const auto same_key = [](const Key& k, const Key& l) { return k.text == l.text; };
    if (x.assigned != y.assigned || x.lead != y.lead || x.trailing != y.trailing) return false;
    if (!std::ranges::equal(x.keys, y.keys, same_key) || !same(x.value, y.value)) return false;
  }
  return true;
}

}  // namespace coffer::policy::hcl
