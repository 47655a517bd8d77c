#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// HCL version 1, the language of Vault's policies, password policies and server configuration, and JSON as its other spelling. A strict
// reader of our own: no interpolation, no functions, and every node knows where it stood.
namespace coffer::policy::hcl {

// Where something stands: lines and columns from 1, columns in characters. `file` is the name given to `parse`.
struct Position {
  std::string_view file;  // valid as long as the Document
  std::uint32_t line = 0, column = 0;
};

// What is wrong with a text. `message` says what was found and expected, in the words that Vault's users know; `hint` says how to mend it
// (may be empty). Neither quotes values.
struct Problem {
  std::uint32_t line = 0, column = 0;
  std::string message, hint;
};

enum class Kind : std::uint8_t { null, boolean, number, string, list, object };
[[nodiscard]] std::string_view kind_name(Kind kind);

struct Entry;
struct Value {
  Kind kind = Kind::null;
  bool heredoc = false;  // a string that was written as <<MARK
  Position at;
  std::string text;               // a string's characters; a number's or boolean's spelling
  std::vector<Entry> entries;     // elements of a list (their `keys` are empty) or entries of an object, in order
  std::vector<std::string> tail;  // comments after the last entry
  [[nodiscard]] bool is(Kind k) const { return kind == k; }
};

struct Key {
  std::string text;
  Position at;
  bool quoted = false;
};

// `key = value`, or a block: `key "label" ... { }`. Comments keep their marks (#, //, /* */); "" among them is an empty line.
struct Entry {
  std::vector<Key> keys;
  bool assigned = false;  // written with '='
  Value value;
  std::vector<std::string> lead;      // comments above
  std::vector<std::string> trailing;  // comments on the line where the value ends
  [[nodiscard]] std::string_view name() const { return keys.empty() ? std::string_view{} : std::string_view(keys.front().text); }
};

struct Limits {
  std::size_t bytes = 1u << 20;
  std::size_t depth = 64;       // nested lists and objects
  std::size_t nodes = 100'000;  // values and keys
};

// A parsed text: an object without braces. Movable; positions point into it.
struct Document {
  std::shared_ptr<const std::string> file;
  Value root;
  bool json = false;
};

// Reads HCL 1, or JSON when the first character is '{'.
[[nodiscard]] std::expected<Document, Problem> parse(std::string_view text, std::string_view file = {}, const Limits& limits = {});

// Canonical HCL: two blanks of indentation, aligned '=', short lists on one line, an empty line between blocks, comments kept. Nulls (which
// only JSON has) are left out. parse(print(x)) is the same as x.
[[nodiscard]] std::string print(const Value& root);

// True when both hold the same, positions and styles of spelling aside.
[[nodiscard]] bool same(const Value& a, const Value& b);

// A block with its labels: `path "a" { }`, `path = { a = { } }`, and in JSON {"path": {"a": { }}} or lists of such objects.
struct Block {
  std::vector<const Key*> labels;
  const Value* body = nullptr;   // an object
  const Entry* entry = nullptr;  // where it was declared
};
// All blocks of that name in an object, in order, each with exactly `labels` labels. Pointers into the object.
[[nodiscard]] std::expected<std::vector<Block>, Problem> blocks(const Value& object, std::string_view name, std::size_t labels);
// The same for one entry.
[[nodiscard]] std::expected<std::vector<Block>, Problem> blocks(const Entry& entry, std::size_t labels);

// A problem at a place.
[[nodiscard]] Problem problem(const Position& at, std::string message, std::string hint = {});

// True for a word that needs no quotes as a key.
[[nodiscard]] bool plain_key(std::string_view text);
// `text` in double quotes with HCL's escapes.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace coffer::policy::hcl
