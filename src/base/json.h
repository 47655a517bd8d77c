#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// JSON without losing a byte: a parsed Document keeps the text, and every Value knows its raw slice, so that numbers, key order and
// white space survive a round trip (design.md §6). Reading is simdjson's; this is the tree of slices on top of it.
namespace coffer::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
[[nodiscard]] std::string_view kind_name(Kind kind);

// Checked while parsing, before any tree exists beyond them (security.md S7, L02).
struct Limits {
  std::size_t depth = 128;          // nested containers
  std::size_t values = 200'000;     // values of all kinds, keys not counted
  std::size_t members = 200'000;    // of one object
  std::size_t string_bytes = 32u << 20;  // of one string
};

class Document;

// A view of one value in a Document; cheap to copy, valid as long as the Document.
class Value {
 public:
  struct Member;
  Value() = default;  // null, outside any document
  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::object; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::array; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_number() const { return kind() == Kind::number; }
  [[nodiscard]] bool is_bool() const { return kind() == Kind::boolean; }
  [[nodiscard]] std::string_view raw() const;   // exactly as it came
  [[nodiscard]] std::string_view text() const;  // a string, unescaped; a number's digits; else ""
  [[nodiscard]] bool as_bool() const;           // false unless it is `true`
  [[nodiscard]] std::optional<std::int64_t> as_int() const;  // whole numbers only (1.0 and 1e3 count)
  [[nodiscard]] std::optional<double> as_double() const;
  [[nodiscard]] std::size_t size() const;       // elements or members
  // The member of that name (the last one, where a name stands twice), or nothing.
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  // Elements of an array; members of an object; nothing otherwise. In document order.
  [[nodiscard]] std::vector<Value> elements() const;
  [[nodiscard]] std::vector<Member> members() const;

 private:
  friend class Document;
  friend class Parser;
  Value(const Document* doc, std::uint32_t node) : doc_(doc), node_(node) {}
  const Document* doc_ = nullptr;
  std::uint32_t node_ = 0;
};
struct Value::Member {
  std::string_view key;  // unescaped
  Value value;
};

// A parsed text and its nodes. Move-only; the memory that held the text is wiped when freed.
class Document {
 public:
  // Messages name what is wrong and where (byte offset), never the text itself.
  static Result<Document> parse(std::string_view text, const Limits& limits = {});
  Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();
  [[nodiscard]] Value root() const;

 private:
  friend class Value;
  friend class Parser;
  struct Node;
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

// Turns scalars into what the audit log may hold.
class Redactor {
 public:
  virtual ~Redactor() = default;
  virtual void append_redacted(std::string_view scalar, std::string& out) = 0;  // appends text without quotes
};

// Appends JSON to a string. With a Redactor every scalar that is not declared public is replaced by its redaction, so that one
// encoder serves the wire and the audit log (security.md S8). Keys given to `key` are ours and stay; keys inside `raw` are the
// caller's and are redacted like values. Not thread-safe; the caller keeps containers balanced.
class Writer {
 public:
  explicit Writer(std::string& out, Redactor* redactor = nullptr) : out_(out), redactor_(redactor) {}
  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& string(std::string_view value);
  Writer& integer(std::int64_t value);
  Writer& number(double value);
  Writer& boolean(bool value);
  Writer& null();  // null is never redacted
  // A complete JSON text, kept to the byte (compact text stays compact).
  Writer& raw(std::string_view json);
  // A caller's name used as a key (a mount path is public, a KV key is not).
  Writer& foreign_key(std::string_view name);
  [[nodiscard]] bool redacting() const { return redactor_ != nullptr && public_ == 0; }
  [[nodiscard]] std::string& out() { return out_; }

  // While alive, scalars pass in clear.
  class Public {
   public:
    explicit Public(Writer& writer, bool on = true) : writer_(writer), on_(on) { writer_.public_ += on_ ? 1 : 0; }
    ~Public() { writer_.public_ -= on_ ? 1 : 0; }
    Public(const Public&) = delete;
    Public& operator=(const Public&) = delete;

   private:
    Writer& writer_;
    bool on_;
  };

 private:
  void separate();
  void redact_tree(Value value);
  std::string& out_;
  Redactor* redactor_;
  int public_ = 0;
  bool comma_ = false;
};

// Appends `text` with JSON's escapes, without the quotes.
void append_escaped(std::string& out, std::string_view text);
// `text` as a JSON string.
[[nodiscard]] std::string quoted(std::string_view text);
// RFC 7386: applies `patch` to `target` and returns the merged text; number texts and unaffected members survive as they came.
[[nodiscard]] std::string merge_patch(Value target, Value patch);

}  // namespace coffer::json
