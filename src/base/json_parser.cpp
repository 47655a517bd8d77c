#define SIMDJSON_EXCEPTIONS 0  // errors are values
#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/secret.h"

namespace coffer::json {

struct Document::Node {
  std::string_view raw;   // slice of the text
  std::string_view text;  // strings: unescaped
  std::string_view key;   // of a member, unescaped
  std::uint32_t next = 0;   // the node after this subtree
  std::uint32_t count = 0;  // children
  Kind kind = Kind::null;
};

struct Document::Storage {
  std::string text;  // "[" + the text + "]" + padding: so that a scalar root is parsed like any other value
  std::vector<Node> nodes;
  std::vector<std::unique_ptr<std::string>> decoded;  // strings that had escapes
  ~Storage() {
    wipe(text);
    for (auto& piece : decoded) wipe(*piece);
  }
};

Document::Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;
Value Document::root() const { return storage_ ? Value(this, 0) : Value(); }

std::string_view kind_name(Kind kind) {
  constexpr std::string_view names[] = {"null", "boolean", "number", "string", "array", "object"};
  return names[static_cast<std::size_t>(kind)];
}

namespace {

namespace od = simdjson::ondemand;

// RFC 8259's grammar of a number; simdjson's raw token is not checked.
bool valid_number(std::string_view s) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i - from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  const std::size_t first = i, whole = digits();
  if (whole == 0 || (whole > 1 && s[first] == '0')) return false;
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size();
}

constexpr std::size_t large_text = 1 << 20;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::unexpected<Error> malformed(std::size_t offset, std::string_view what) {
  return invalid("invalid JSON near byte " + std::to_string(offset) + ": " + std::string(what));
}

}  // namespace

class Parser {
 public:
  Parser(Document::Storage& storage, const Limits& limits) : storage_(storage), limits_(limits) {}

  Result<void> run() {
    // The simdjson parser keeps its buffers; one per thread. They are several times as large as the text: those of a large one go back.
    static thread_local od::parser kept;
    od::parser for_large;
    const std::size_t length = storage_.text.size();
    od::parser& parser = length > large_text ? for_large : kept;
    storage_.text.reserve(length + simdjson::SIMDJSON_PADDING);
    od::document document;
    if (auto error = parser.iterate(storage_.text.data(), length, length + simdjson::SIMDJSON_PADDING).get(document))
      return malformed(0, simdjson::error_message(error));
    od::array wrapper;
    if (auto error = document.get_array().get(wrapper)) return malformed(0, simdjson::error_message(error));
    document_ = &document;
    std::size_t count = 0;
    for (auto element : wrapper) {
      od::value value;
      if (auto error = element.get(value)) return malformed(offset(), simdjson::error_message(error));
      if (++count > 1) return malformed(offset(), "more than one value");
      CHECK_OK(add(value, {}, 0));
    }
    if (count == 0) return malformed(0, "no value");
    const char* rest = nullptr;  // an error here means that the text is used up
    if (!document.current_location().get(rest)) return malformed(offset(), "something follows the value");
    return {};
  }

 private:
  std::size_t offset() {
    const char* at = nullptr;
    if (document_ == nullptr || document_->current_location().get(at)) return storage_.text.size() - 2;
    const auto n = static_cast<std::size_t>(at - storage_.text.data());
    return n > 0 ? n - 1 : 0;
  }

  Result<void> add(od::value& value, std::string_view key, std::size_t depth) {
    if (depth > limits_.depth) return malformed(offset(), "nested too deeply");
    if (storage_.nodes.size() >= limits_.values) return malformed(offset(), "too many values");
    const std::size_t index = storage_.nodes.size();
    storage_.nodes.push_back({});
    storage_.nodes[index].key = key;
    od::json_type type;
    if (auto error = value.type().get(type)) return malformed(offset(), simdjson::error_message(error));
    const std::string_view token = value.raw_json_token();
    const char* begin = token.data();
    switch (type) {
      case od::json_type::object: CHECK_OK(add_object(value, index, depth)); break;
      case od::json_type::array: CHECK_OK(add_array(value, index, depth)); break;
      default: CHECK_OK(add_scalar(value, type, token, index)); break;
    }
    Document::Node& node = storage_.nodes[index];
    node.next = static_cast<std::uint32_t>(storage_.nodes.size());
    if (node.kind == Kind::object || node.kind == Kind::array) node.raw = {begin, end_of_container() };
    return {};
  }

  // The closing bracket of the container that was just read: only white space lies between it and the next token.
  const char* end_of_container() {
    const char* at = nullptr;
    if (document_->current_location().get(at)) at = storage_.text.data() + storage_.text.size();
    while (is_space(at[-1])) --at;
    return at;
  }

  Result<void> add_object(od::value& value, std::size_t index, std::size_t depth) {
    storage_.nodes[index].kind = Kind::object;
    od::object object;
    if (auto error = value.get_object().get(object)) return malformed(offset(), simdjson::error_message(error));
    std::uint32_t count = 0;
    for (auto item : object) {
      od::field field;
      if (auto error = std::move(item).get(field)) return malformed(offset(), simdjson::error_message(error));
      const char* raw_key = field.key().raw();
      std::string_view key_text;
      if (auto error = field.unescaped_key().get(key_text)) return malformed(offset(), simdjson::error_message(error));
      const std::string_view slice(raw_key, key_text.size());
      const std::string_view member_key = raw_key[key_text.size()] == '"' && slice == key_text ? slice : keep(key_text);
      od::value member = field.value();
      CHECK_OK(add(member, member_key, depth + 1));
      if (++count > limits_.members) return malformed(offset(), "too many members");
    }
    storage_.nodes[index].count = count;
    return {};
  }

  Result<void> add_array(od::value& value, std::size_t index, std::size_t depth) {
    storage_.nodes[index].kind = Kind::array;
    od::array array;
    if (auto error = value.get_array().get(array)) return malformed(offset(), simdjson::error_message(error));
    std::uint32_t count = 0;
    for (auto item : array) {
      od::value element;
      if (auto error = item.get(element)) return malformed(offset(), simdjson::error_message(error));
      CHECK_OK(add(element, {}, depth + 1));
      ++count;
    }
    storage_.nodes[index].count = count;
    return {};
  }

  Result<void> add_scalar(od::value& value, od::json_type type, std::string_view token, std::size_t index) {
    while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
    Document::Node& node = storage_.nodes[index];
    node.raw = token;
    if (type == od::json_type::string) {
      node.kind = Kind::string;
      // Without escapes the slice of the text serves, and no copy is made: UTF-8 and control characters have been checked over the whole.
      const bool plain = token.size() >= 2 && token.back() == '"' && token.find('\\') == token.npos;
      std::string_view text = plain ? token.substr(1, token.size() - 2) : std::string_view();
      if (!plain)
        if (auto error = value.get_string().get(text)) return malformed(offset(), simdjson::error_message(error));
      if (text.size() > limits_.string_bytes) return malformed(offset(), "a string is too long");
      node.text = plain ? text : keep(text);
    } else if (type == od::json_type::number) {
      node.kind = Kind::number;
      if (!valid_number(token)) return malformed(offset(), "not a number");
      double skip = 0;
      if (value.get_double().get(skip) && !value.raw_json_token().empty()) (void)skip;  // step over it; the text counts
      node.text = token;
    } else if (type == od::json_type::boolean) {
      node.kind = Kind::boolean;
      bool truth = false;
      if (auto error = value.get_bool().get(truth)) return malformed(offset(), simdjson::error_message(error));
    } else {
      node.kind = Kind::null;
      bool null = false;
      if (value.is_null().get(null) || !null || token != "null") return malformed(offset(), "not a value");
    }
    return {};
  }

  std::string_view keep(std::string_view text) {
    storage_.decoded.push_back(std::make_unique<std::string>(text));
    return *storage_.decoded.back();
  }

  Document::Storage& storage_;
  const Limits& limits_;
  od::document* document_ = nullptr;
};

Result<Document> Document::parse(std::string_view text, const Limits& limits) {
  Document document;
  document.storage_ = std::make_unique<Storage>();
  std::string& kept = document.storage_->text;
  kept.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
  kept.append("[").append(text).append("]");
  document.storage_->nodes.reserve(16);
  CHECK_OK(Parser(*document.storage_, limits).run());
  return document;
}

Kind Value::kind() const { return doc_ ? doc_->storage_->nodes[node_].kind : Kind::null; }
std::string_view Value::raw() const { return doc_ ? doc_->storage_->nodes[node_].raw : std::string_view("null"); }
std::string_view Value::text() const { return doc_ ? doc_->storage_->nodes[node_].text : std::string_view(); }
bool Value::as_bool() const { return is_bool() && raw() == "true"; }
std::size_t Value::size() const { return doc_ ? doc_->storage_->nodes[node_].count : 0; }

std::optional<double> Value::as_double() const {
  if (!is_number()) return {};
  double out = 0;
  const std::string_view t = text();
  if (std::from_chars(t.data(), t.data() + t.size(), out).ec != std::errc()) return {};
  return out;
}

std::optional<std::int64_t> Value::as_int() const {
  if (!is_number()) return {};
  std::int64_t out = 0;
  const std::string_view t = text();
  const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), out);
  if (error == std::errc() && end == t.data() + t.size()) return out;
  const auto real = as_double();
  if (!real || std::floor(*real) != *real || std::fabs(*real) > 9.0e15) return {};
  return static_cast<std::int64_t>(*real);
}

std::optional<Value> Value::find(std::string_view key) const {
  if (!is_object()) return {};
  const auto& nodes = doc_->storage_->nodes;
  std::optional<Value> found;
  for (std::uint32_t i = node_ + 1; i < nodes[node_].next; i = nodes[i].next)
    if (nodes[i].key == key) found = Value(doc_, i);
  return found;
}

std::vector<Value> Value::elements() const {
  std::vector<Value> out;
  if (!is_array()) return out;
  const auto& nodes = doc_->storage_->nodes;
  out.reserve(nodes[node_].count);
  for (std::uint32_t i = node_ + 1; i < nodes[node_].next; i = nodes[i].next) out.push_back(Value(doc_, i));
  return out;
}

std::vector<Value::Member> Value::members() const {
  std::vector<Member> out;
  if (!is_object()) return out;
  const auto& nodes = doc_->storage_->nodes;
  out.reserve(nodes[node_].count);
  for (std::uint32_t i = node_ + 1; i < nodes[node_].next; i = nodes[i].next) out.push_back({nodes[i].key, Value(doc_, i)});
  return out;
}

}  // namespace coffer::json
