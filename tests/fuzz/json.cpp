#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_names.h"

// JSON texts: what parses is written out, value by value, to a text that parses to the same; slices lie within the text; redaction lets no
// scalar through; an object that has a name twice can be written with it once.
namespace {

namespace json = coffer::json;

void write(json::Writer& w, const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null: w.null(); break;
    case json::Kind::boolean: w.boolean(value.as_bool()); break;
    case json::Kind::number: w.raw(value.text()); break;
    case json::Kind::string: w.string(value.text()); break;
    case json::Kind::array:
      w.begin_array();
      for (const auto& element : value.elements()) write(w, element);
      w.end_array();
      break;
    case json::Kind::object:
      w.begin_object();
      for (const auto& [key, member] : value.members()) write(w.key(key), member);
      w.end_object();
      break;
  }
}

bool same(const json::Value& a, const json::Value& b) {
  if (a.kind() != b.kind() || a.text() != b.text() || a.size() != b.size()) return false;
  if (a.is_bool()) return a.as_bool() == b.as_bool();
  if (a.is_array()) {
    const auto left = a.elements(), right = b.elements();
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!same(left[i], right[i])) return false;
  }
  if (a.is_object()) {
    const auto left = a.members(), right = b.members();
    for (std::size_t i = 0; i < left.size(); ++i)
      if (left[i].key != right[i].key || !same(left[i].value, right[i].value) || !a.find(left[i].key)) return false;
  }
  return true;
}

class Stars final : public json::Redactor {
 public:
  void append_redacted(std::string_view, std::string& out) override { out.append("*"); }
};

bool hidden(const json::Value& value) {
  for (const auto& element : value.elements())
    if (!hidden(element)) return false;
  for (const auto& [key, member] : value.members())
    if (key != "*" || !hidden(member)) return false;
  return value.is_null() || value.is_array() || value.is_object() || (value.is_string() && value.text() == "*");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const json::Limits limits{.depth = 64, .values = 2000, .members = 200, .string_bytes = 1 << 16};
  const auto first = json::Document::parse(input, limits);
  if (!first) {
    if (first.error().message.empty()) std::abort();
    return 0;
  }
  std::string text;
  json::Writer writer(text);
  write(writer, first->root());
  const auto second = json::Document::parse(text, limits);
  if (!second || !same(first->root(), second->root()) || second->root().raw() != text) std::abort();
  const auto sliced = json::Document::parse(first->root().raw(), limits);
  if (!sliced || !same(first->root(), sliced->root())) std::abort();

  Stars stars;
  std::string redacted;
  json::Writer redacting(redacted, &stars);
  redacting.raw(input);
  const auto shown = json::Document::parse(redacted);
  if (!shown || !hidden(shown->root())) std::abort();

  // A patch of nothing changes nothing, and every patch gives JSON.
  const auto nothing = json::Document::parse("{}");
  if (first->root().is_object()) {
    const auto patched = json::Document::parse(json::merge_patch(first->root(), nothing->root()));
    if (!patched || (!json::repeats_names(first->root()) && !same(patched->root(), first->root()))) std::abort();
  }
  // Each name once is a fixed point.
  const std::string once = json::without_repeats(first->root());
  const auto single = json::Document::parse(once);
  if (!single || json::repeats_names(single->root()) || json::without_repeats(single->root()) != once) std::abort();
  if (!json::repeats_names(first->root()) && !same(single->root(), first->root())) std::abort();
  if (!json::Document::parse(json::merge_patch(nothing->root(), first->root()))) std::abort();
  return 0;
}
