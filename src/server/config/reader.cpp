#include "server/config/reader.h"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.h"

namespace coffer::config {

std::string Problem::text() const {
  std::string out;
  if (!file.empty()) out += line > 0 ? fmt::format("{}:{}:{}: ", file, line, column) : file + ": ";
  out += message;
  if (!hint.empty()) out += "; " + hint;
  return out;
}

std::string join(std::span<const Problem> problems) {
  std::string out;
  for (const Problem& problem : problems) out += (out.empty() ? "" : "\n") + problem.text();
  return out;
}

void Reader::wrong(const hcl::Position& at, std::string message, std::string hint) {
  problems.push_back({std::string(at.file), at.line, at.column, std::move(message), std::move(hint)});
}
void Reader::wrong(const hcl::Problem& problem, std::string_view file) {
  problems.push_back({std::string(file), problem.line, problem.column, problem.message, problem.hint});
}
void Reader::note(const hcl::Position& at, std::string message) {
  notes.push_back({std::string(at.file), at.line, at.column, std::move(message), {}});
}

void Reader::expected(const hcl::Entry& entry, std::string_view what) {
  wrong(entry.value.at, fmt::format("\"{}\" expected {}, got: {}", entry.name(), what, hcl::kind_name(entry.value.kind)));
}

std::optional<std::string> Reader::scalar(const hcl::Entry& entry) {
  const hcl::Value& value = entry.value;
  if (entry.keys.size() == 1 && (value.is(hcl::Kind::string) || value.is(hcl::Kind::number) || value.is(hcl::Kind::boolean)))
    return value.text;
  return std::nullopt;
}

void Reader::read(const hcl::Entry& entry, std::string& into) {
  if (entry.keys.size() == 1 && entry.value.is(hcl::Kind::string)) {
    into = entry.value.text;
  } else {
    expected(entry, "a string in double quotes");
  }
}

void Reader::read(const hcl::Entry& entry, bool& into) {
  const auto text = scalar(entry);
  const std::string word = ascii_lower(text.value_or(""));
  if (word == "true" || word == "1" || word == "t") {
    into = true;
  } else if (word == "false" || word == "0" || word == "f") {
    into = false;
  } else {
    expected(entry, "true or false");
  }
}

void Reader::read(const hcl::Entry& entry, std::int64_t& into) {
  const auto text = scalar(entry);
  std::int64_t value = 0;
  if (text && !entry.value.is(hcl::Kind::boolean)) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc{} && end == text->data() + text->size()) {
      into = value;
      return;
    }
  }
  expected(entry, "a whole number");
}

void Reader::read(const hcl::Entry& entry, Seconds& into) {
  const auto text = scalar(entry);
  if (!text || entry.value.is(hcl::Kind::boolean)) {
    expected(entry, "a duration such as \"90s\" or \"1h\"");
    return;
  }
  const auto duration = parse_duration(*text);
  if (!duration || *duration < Duration{}) {
    const std::string cause = duration ? "negative duration" : duration.error().message;
    wrong(entry.value.at, fmt::format("\"{}\": {}", entry.name(), cause), "write a duration such as \"90s\" or \"1h\"");
    return;
  }
  into = std::chrono::ceil<Seconds>(*duration);
}

void Reader::read(const hcl::Entry& entry, std::vector<std::string>& into) {
  std::vector<std::string> words;
  if (entry.value.is(hcl::Kind::list)) {
    for (const hcl::Entry& element : entry.value.entries) {
      if (!element.value.is(hcl::Kind::string)) return expected(entry, "a list of strings");
      words.push_back(element.value.text);
    }
  } else if (entry.value.is(hcl::Kind::string)) {
    std::string_view rest = entry.value.text;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view word = rest.substr(0, comma);
      while (word.starts_with(' ')) word.remove_prefix(1);
      while (word.ends_with(' ')) word.remove_suffix(1);
      if (!word.empty()) words.emplace_back(word);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  } else {
    return expected(entry, "a list of strings");
  }
  into = std::move(words);
}

void Reader::refuse_word(const hcl::Entry& entry, std::string_view word, std::span<const std::string_view> known) {
  const std::string_view near = policy::closest(word, known);
  wrong(entry.value.at, fmt::format("\"{}\": unknown value \"{}\"", entry.name(), word),
        near.empty() ? fmt::format("allowed: {}", fmt::join(known, ", ")) : fmt::format("did you mean \"{}\"?", near));
}

std::vector<const hcl::Value*> Reader::objects(const hcl::Entry& entry) {
  std::vector<const hcl::Value*> out;
  auto blocks = hcl::blocks(entry, 0);
  if (!blocks) {
    wrong(blocks.error(), entry.keys.front().at.file);
  } else {
    for (const hcl::Block& block : *blocks) out.push_back(block.body);
  }
  return out;
}

void refuse_unknown(Reader& reader, const hcl::Entry& entry, std::string_view block, std::span<const std::string_view> known) {
  const std::string_view name = entry.name(), near = policy::closest(name, known);
  const std::string inside = block.empty() ? "" : fmt::format(" in \"{}\"", block);
  const bool is_block = !entry.assigned;
  std::string hint =
      near.empty() ? "see the documentation of the configuration for what is known" : fmt::format("did you mean \"{}\"?", near);
  reader.wrong(entry.keys.front().at, fmt::format("unknown {} \"{}\"{}", is_block ? "block" : "key", name, inside), std::move(hint));
}

void refuse_repeated(Reader& reader, const hcl::Entry& entry, const hcl::Position& first) {
  reader.wrong(entry.keys.front().at, fmt::format("\"{}\" is set twice in one block", entry.name()),
               fmt::format("it is already set in line {}", first.line));
}

void note_pending(Reader& reader, const hcl::Entry& entry) {
  reader.note(entry.keys.front().at, fmt::format("\"{}\" is not applied yet", entry.name()));
}

void describe_key(std::string& out, std::string_view name, std::string_view about) { out += fmt::format("| `{}` | {} |\n", name, about); }

void apply_without_effect(Reader& reader, const hcl::Entry& entry, std::string_view reason, bool refuse) {
  const hcl::Position& at = entry.keys.front().at;
  if (refuse) {
    reader.wrong(at, fmt::format("\"{}\" is not supported: {}", entry.name(), reason), "remove it if the server may run without");
  } else {
    reader.note(at, fmt::format("\"{}\" has no effect here: {}", entry.name(), reason));
  }
}

}  // namespace coffer::config
