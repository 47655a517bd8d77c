#include "cli/output/table.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/context.h"

namespace coffer::cli {

std::size_t display_width(std::string_view text) { return utf8_length(text); }

std::string columns(const std::vector<Row>& rows) {
  std::vector<Row> cells;
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    Row clean;
    for (const std::string& text : row) {
      std::string trimmed = trim_space(text);
      clean.push_back(trimmed.empty() ? "n/a" : std::move(trimmed));
    }
    widths.resize(std::max(widths.size(), clean.size()));
    for (std::size_t i = 0; i < clean.size(); ++i) widths[i] = std::max(widths[i], display_width(clean[i]));
    cells.push_back(std::move(clean));
  }
  std::string out;
  for (const Row& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - display_width(row[i]) + 4, ' ');
    }
    out.push_back('\n');
  }
  if (!out.empty()) out.pop_back();
  return out;
}

std::string table(std::vector<Row> rows) {
  if (rows.empty()) return {};
  Row line;
  for (const std::string& heading : rows.front()) line.emplace_back(std::string(trim_space(heading).size(), '-'));
  rows.insert(rows.begin() + 1, std::move(line));
  return columns(rows);
}

std::vector<json::Value::Member> sorted_members(json::Value object) {
  std::vector<json::Value::Member> members = object.members();
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    return a.key != b.key ? a.key < b.key : a.value.raw().data() < b.value.raw().data();
  });
  return members;
}

std::string go_value(json::Value value) {
  std::string out;
  switch (value.kind()) {
    case json::Kind::null: return "<nil>";
    case json::Kind::string: return std::string(value.text());
    case json::Kind::number:
    case json::Kind::boolean: return std::string(value.raw());
    case json::Kind::array:
      for (const json::Value& element : value.elements()) out += (out.empty() ? "" : " ") + go_value(element);
      return "[" + out + "]";
    case json::Kind::object:
      for (const auto& member : sorted_members(value)) out += (out.empty() ? "" : " ") + std::string(member.key) + ":" + go_value(member.value);
      return "map[" + out + "]";
  }
  return out;
}

std::string go_quoted_list(json::Value list) {
  std::string out = "[";
  for (const json::Value& element : list.elements()) {
    if (out.size() > 1) out.push_back(' ');
    out += json::quoted(element.text());
  }
  return out + "]";
}

std::string human_seconds(std::int64_t seconds) {
  std::string text = go_duration(std::chrono::seconds(seconds));
  if (seconds == 0) return "0s";
  if (text.ends_with("m0s")) text.resize(text.size() - 2);
  if (const std::size_t at = text.find("h0m"); at != std::string::npos && at > 0) text.erase(at + 1, 2);
  return text;
}

bool looks_like_duration(std::string_view name) {
  return name == "period" || name.ends_with("_period") || name == "ttl" || name.ends_with("_ttl") || name == "duration" ||
         name.ends_with("_duration") || name == "lease_max" || name == "ttl_max";
}

std::string cell(std::string_view name, json::Value value) {
  if (looks_like_duration(name) && value.is_number())
    if (const std::optional<std::int64_t> seconds = value.as_int()) return human_seconds(*seconds);
  return go_value(value);
}

std::string equals_header(std::string_view title, std::size_t width) {
  std::size_t signs = width > title.size() + 2 ? width - title.size() - 2 : 4;
  signs += signs % 2;
  const std::string side(signs / 2, '=');
  return side + " " + std::string(title) + " " + side;
}

std::string header_for(std::string_view title, json::Value object) {
  std::size_t longest = 0;
  for (const auto& member : object.members()) longest = std::max(longest, member.key.size());
  return equals_header(title, longest + 9);  // four spaces and "Value"
}

}  // namespace coffer::cli
