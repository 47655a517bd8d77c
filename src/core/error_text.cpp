#include "core/error_text.h"

#include <algorithm>

namespace coffer::core {
namespace {

constexpr std::size_t most_values = 2000;  // of a request; a message about more is hashed whole
constexpr std::size_t sure_length = 4;     // shorter values are looked for between quotes only, else they would be found in any word

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_quote(char c) { return c == '"' || c == '\''; }

struct Range {
  std::size_t from, to;
};

// All that a request holds and the log may not show.
class Values {
 public:
  explicit Values(const Exchange& x) {
    for (const auto& [name, value] : x.document->root().members()) {
      const schema::FieldInfo* known = nullptr;
      if (x.operation != nullptr)
        for (const auto& field : x.operation->request)
          if (field.name == name) known = &field;
      if (known == nullptr) add(name);
      add_all(value);
    }
  }
  [[nodiscard]] bool too_many() const { return all_.size() >= most_values; }
  [[nodiscard]] const std::vector<std::string_view>& all() const { return all_; }

 private:
  void add(std::string_view text) {
    if (!text.empty() && !too_many()) all_.push_back(text);
  }
  void add_all(const json::Value& value) {
    if (too_many()) return;
    if (value.is_string() || value.is_number()) add(value.text());
    for (const auto& element : value.elements()) add_all(element);
    for (const auto& [name, member] : value.members()) {
      add(name);
      add_all(member);
    }
  }
  std::vector<std::string_view> all_;
};

void find_all(std::string_view message, std::string_view value, std::vector<Range>& found) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  for (auto at = message.begin();; ++at) {
    at = std::search(at, message.end(), value.begin(), value.end(), same);
    if (at == message.end()) return;
    const auto from = static_cast<std::size_t>(at - message.begin()), to = from + value.size();
    const bool quoted = from > 0 && to < message.size() && is_quote(message[from - 1]) && is_quote(message[to]);
    if (quoted || value.size() >= sure_length) found.push_back({from, to});
  }
}

// What stands between double quotes, where it is not known what the request held.
void find_quoted(std::string_view message, std::string_view path, std::vector<Range>& found) {
  for (std::size_t from = message.find('"'); from != message.npos;) {
    const std::size_t to = message.find('"', from + 1);
    if (to == message.npos) return;
    const std::string_view inside = message.substr(from + 1, to - from - 1);
    if (!inside.empty() && path.find(inside) == path.npos) found.push_back({from + 1, to});
    from = message.find('"', to + 1);
  }
}

}  // namespace

void append_error_text(std::string& out, const Exchange& x, json::Redactor& redactor) {
  const std::string_view message = x.outcome.error->message;
  std::vector<Range> found;
  if (x.document && x.document->root().is_object()) {
    const Values values(x);
    if (values.too_many()) return redactor.append_redacted(message, out);
    for (const std::string_view value : values.all()) find_all(message, value, found);
  } else if (x.operation == nullptr) {
    find_quoted(message, x.request.path.view(), found);
  }
  std::sort(found.begin(), found.end(), [](const Range& a, const Range& b) { return a.from < b.from; });
  std::size_t done = 0;
  for (std::size_t i = 0; i < found.size();) {
    Range whole = found[i];
    for (++i; i < found.size() && found[i].from <= whole.to; ++i) whole.to = std::max(whole.to, found[i].to);
    out.append(message.substr(done, whole.from - done));
    redactor.append_redacted(message.substr(whole.from, whole.to - whole.from), out);
    done = whole.to;
  }
  out.append(message.substr(done));
}

}  // namespace coffer::core
