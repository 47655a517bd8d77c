#include "policy/hcl_json.h"

#include <charconv>

#include "base/json.h"
#include "base/utf8.h"

namespace coffer::policy::hcl {

namespace {

// Turns byte offsets that only grow into lines and columns.
class Places {
 public:
  Places(std::string_view text, std::string_view file) : text_(text), file_(file) {}
  Position at(std::size_t offset) {
    for (; offset_ < offset && offset_ < text_.size(); ++offset_) {
      if (text_[offset_] == '\n') {
        ++line_;
        column_ = 1;
      } else if (!continues_character(text_[offset_])) {
        ++column_;
      }
    }
    return {file_, line_, column_};
  }

 private:
  std::string_view text_, file_;
  std::size_t offset_ = 0;
  std::uint32_t line_ = 1, column_ = 1;
};

class Builder {
 public:
  // `base` is where the text begins in the parsed document's own copy.
  Builder(std::string_view text, std::string_view file, const char* base) : text_(text), base_(base), places_(text, file) {}

  void build(const json::Value& from, Value& into) {
    const std::size_t begin = offset_of(from);
    into.at = places_.at(begin);
    switch (from.kind()) {
      case json::Kind::null: break;
      case json::Kind::boolean:
        into.kind = Kind::boolean;
        into.text = from.raw();
        break;
      case json::Kind::number:
        into.kind = Kind::number;
        into.text = from.raw();
        break;
      case json::Kind::string:
        into.kind = Kind::string;
        into.text = from.text();
        break;
      case json::Kind::array: list(from, into); break;
      case json::Kind::object: object(from, into, begin); break;
    }
  }

 private:
  [[nodiscard]] std::size_t offset_of(const json::Value& value) const { return static_cast<std::size_t>(value.raw().data() - base_); }

  void list(const json::Value& from, Value& into) {
    into.kind = Kind::list;
    for (const json::Value& element : from.elements()) build(element, into.entries.emplace_back().value);
  }

  void object(const json::Value& from, Value& into, std::size_t begin) {
    into.kind = Kind::object;
    std::size_t cursor = begin + 1;  // past the brace, then past each value: the next quote opens a key
    for (const json::Value::Member& member : from.members()) {
      Entry& entry = into.entries.emplace_back();
      entry.assigned = true;
      const std::size_t quote = text_.find('"', cursor);
      entry.keys.push_back({std::string(member.key), places_.at(quote), !plain_key(member.key)});
      build(member.value, entry.value);
      cursor = offset_of(member.value) + member.value.raw().size();
    }
  }

  std::string_view text_;
  const char* base_;
  Places places_;
};

}  // namespace

std::expected<void, Problem> parse_json(std::string_view text, std::string_view file, const Limits& limits, Value& root) {
  auto document = json::Document::parse(text, {.depth = limits.depth, .values = limits.nodes, .string_bytes = limits.bytes});
  if (!document) {
    std::string message = std::move(document).error().message;
    // "invalid JSON near byte N: what": the place becomes line and column.
    std::size_t offset = 0;
    constexpr std::string_view intro = "invalid JSON near byte ";
    if (message.starts_with(intro)) {
      const char* end = message.data() + message.size();
      const auto [rest, error] = std::from_chars(message.data() + intro.size(), end, offset);
      if (error == std::errc{} && rest + 2 <= end) message = "invalid JSON: " + std::string(rest + 2, end);
    }
    const Position at = Places(text, file).at(offset);
    return std::unexpected(
        problem(at, std::move(message), "the text begins with {, so it is read as JSON; look for a missing comma or quote near here"));
  }
  const std::string_view raw = document->root().raw();
  const std::size_t lead = text.find_first_not_of(" \t\r\n");
  Builder(text, file, raw.data() - lead).build(document->root(), root);
  return {};
}

}  // namespace coffer::policy::hcl
