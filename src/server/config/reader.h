#pragma once
#include <algorithm>

#include "policy/hcl.h"
#include "policy/suggest.h"
#include "server/config/config.h"

// How settings are read: each block declares its keys once, in a table (internal to this layer).
namespace coffer::config {

namespace hcl = policy::hcl;

// Collects what is wrong and what is worth a note while values are read.
class Reader {
 public:
  std::vector<Problem> problems, notes;

  void wrong(const hcl::Position& at, std::string message, std::string hint = {});
  void wrong(const hcl::Problem& problem, std::string_view file);
  void note(const hcl::Position& at, std::string message);

  // Each reads one value; a value of another kind is a problem, and `into` stays as it was.
  void read(const hcl::Entry& entry, std::string& into);
  void read(const hcl::Entry& entry, bool& into);
  void read(const hcl::Entry& entry, std::int64_t& into);
  void read(const hcl::Entry& entry, Seconds& into);                   // "90s", "1h", 90
  void read(const hcl::Entry& entry, std::vector<std::string>& into);  // a list, or words with commas
  template <class T>
  void read(const hcl::Entry& entry, std::optional<T>& into) {
    const std::size_t before = problems.size();
    T value{};
    read(entry, value);
    if (problems.size() == before) into = std::move(value);
  }
  // One of a few words, in any case.
  template <class T>
  void choose(const hcl::Entry& entry, std::span<const std::pair<std::string_view, T>> choices, T& into) {
    std::string word;
    read(entry, word);
    for (const auto& [name, value] : choices) {
      if (name != word) continue;
      into = value;
      return;
    }
    std::vector<std::string_view> words;
    for (const auto& [name, value] : choices) words.push_back(name);
    refuse_word(entry, word, words);
  }
  void refuse_word(const hcl::Entry& entry, std::string_view word, std::span<const std::string_view> known);
  // A scalar as text; nothing for lists and objects.
  std::optional<std::string> scalar(const hcl::Entry& entry);

  // The object of a block without labels, `name { }`; reports when it is none.
  std::vector<const hcl::Value*> objects(const hcl::Entry& entry);

 private:
  void expected(const hcl::Entry& entry, std::string_view what);
};

// One key of a block.
template <class T>
struct Setting {
  std::string_view name;
  void (*read)(Reader&, const hcl::Entry&, T&) = nullptr;  // null: accepted without effect, or refused
  std::string_view about = {};                             // what it does; of keys without `read` why they have no effect, or are refused
  bool refused = false;
  bool repeatable = false;
  bool pending = false;  // read and checked, but nothing uses it yet: the log says so
};

template <auto Member>
struct MemberOf;
template <class C, class V, V C::* Member>
struct MemberOf<Member> {
  using Class = C;
};
// A key whose value goes to a member.
template <auto Member>
constexpr Setting<typename MemberOf<Member>::Class> setting(std::string_view name, std::string_view about) {
  using C = typename MemberOf<Member>::Class;
  return {name, [](Reader& reader, const hcl::Entry& entry, C& into) { reader.read(entry, into.*Member); }, about};
}
// A key that is read and checked, but that nothing uses yet.
template <class T>
constexpr Setting<T> pending(Setting<T> setting) {
  setting.pending = true;
  return setting;
}
// A key that is known and changes nothing here.
template <class T>
constexpr Setting<T> without_effect(std::string_view name, std::string_view reason) {
  return {name, nullptr, reason};
}
// A key without which the server would do something else than was meant.
template <class T>
constexpr Setting<T> refused(std::string_view name, std::string_view reason) {
  return {name, nullptr, reason, true};
}

// What is said of keys that no table has.
void refuse_unknown(Reader& reader, const hcl::Entry& entry, std::string_view block, std::span<const std::string_view> known);
void refuse_repeated(Reader& reader, const hcl::Entry& entry, const hcl::Position& first);
void note_pending(Reader& reader, const hcl::Entry& entry);
void apply_without_effect(Reader& reader, const hcl::Entry& entry, std::string_view reason, bool refuse);

// Reads the entries of an object by a table; `block` names it in messages ("listener", "" at the top).
template <class T>
void read_object(Reader& reader, const hcl::Value& object, std::string_view block, std::span<const Setting<T>> table, T& into) {
  for (std::size_t i = 0; i < object.entries.size(); ++i) {
    const hcl::Entry& entry = object.entries[i];
    const auto setting = std::ranges::find(table, entry.name(), &Setting<T>::name);
    if (setting == table.end()) {
      std::vector<std::string_view> known;
      for (const Setting<T>& each : table) known.push_back(each.name);
      refuse_unknown(reader, entry, block, known);
      continue;
    }
    const auto same = [&](const hcl::Entry& other) { return other.name() == entry.name(); };
    const auto first = std::find_if(object.entries.begin(), object.entries.begin() + static_cast<std::ptrdiff_t>(i), same);
    if (!setting->repeatable && first != object.entries.begin() + static_cast<std::ptrdiff_t>(i)) {
      refuse_repeated(reader, entry, first->keys.front().at);
    } else if (entry.value.is(hcl::Kind::null)) {
      continue;  // JSON's null counts as absent
    } else if (setting->read == nullptr) {
      apply_without_effect(reader, entry, setting->about, setting->refused);
    } else {
      setting->read(reader, entry, into);
      if (setting->pending) note_pending(reader, entry);
    }
  }
}

// A block's keys for docs/reference/config.md: those with an effect, each with what it does, then the others with the reason.
void describe_key(std::string& out, std::string_view name, std::string_view about);
template <class T>
void describe(std::string& out, std::string_view heading, std::span<const Setting<T>> table) {
  out += "\n## ";
  out += heading;
  out += "\n\n| key | |\n|---|---|\n";
  for (const Setting<T>& each : table)
    if (each.read != nullptr) describe_key(out, each.name, each.pending ? std::string(each.about) + " *Not applied yet.*" : std::string(each.about));
  for (const bool refused : {false, true}) {
    const auto wanted = [&](const Setting<T>& each) { return each.read == nullptr && each.refused == refused; };
    if (std::ranges::none_of(table, wanted)) continue;
    out += refused ? "\nRefused:\n\n| key | why |\n|---|---|\n" : "\nAccepted without effect:\n\n| key | why |\n|---|---|\n";
    for (const Setting<T>& each : table)
      if (wanted(each)) describe_key(out, each.name, each.about);
  }
}

// The top-level tables and blocks.
void read_listeners(Reader& reader, const hcl::Entry& entry, Config& into);
void read_storage(Reader& reader, const hcl::Entry& entry, Config& into);
void read_seal(Reader& reader, const hcl::Entry& entry, Config& into);
void read_audits(Reader& reader, const hcl::Entry& entry, Config& into);
void read_telemetry(Reader& reader, const hcl::Entry& entry, Config& into);
void read_user_lockout(Reader& reader, const hcl::Entry& entry, Config& into);
void read_aws(Reader& reader, const hcl::Entry& entry, Config& into);
void read_aws_rotation(Reader& reader, const hcl::Entry& entry, Aws& into);
void read_azure(Reader& reader, const hcl::Entry& entry, Config& into);
void read_document(Reader& reader, const hcl::Document& document, Config& into);
// Their parts of docs/reference/config.md.
void describe_top(std::string& out);
void describe_listener(std::string& out);
void describe_blocks(std::string& out);
void describe_audit(std::string& out);
void describe_aws(std::string& out);
void describe_aws_rotation(std::string& out);
void describe_azure(std::string& out);

// What only shows when all files have been read: no listener, TLS without certificate, contradictions.
void check(Reader& reader, Config& config, const LoadOptions& options);

}  // namespace coffer::config
