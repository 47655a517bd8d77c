#include "audit/chain.h"

#include "audit/encode.h"

namespace coffer::audit {
namespace {

constexpr std::string_view opening = R"(,"chain":{"seq":)";
constexpr std::string_view form_names[Form::count] = {"",      "raw",     "accessor",     "raw-accessor",
                                                      "elided", "raw-elided", "accessor-elided", "raw-accessor-elided"};

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() || text.front() == '0') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// The rest of a string up to its closing quote, as it stands.
bool take_string(std::string_view& text, std::string_view& value) {
  std::size_t i = 0;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2U : 1U;
  if (i >= text.size()) return false;
  value = text.substr(0, i);
  text.remove_prefix(i + 1);
  return true;
}

bool take_form(std::string_view& text, Form& form) {
  std::string_view name;
  if (!take(text, R"(,"form":")")) return true;
  if (!take_string(text, name) || name.empty()) return false;
  const auto* const found = std::find(std::begin(form_names), std::end(form_names), name);
  if (found == std::end(form_names)) return false;
  form = Form::at(static_cast<std::size_t>(found - form_names));
  return true;
}

}  // namespace

std::string_view form_name(Form form) { return form_names[form.index()]; }

std::optional<ChainFields> parse_chain(std::string_view line) {
  const std::size_t at = line.rfind(opening);
  if (at == std::string_view::npos) return std::nullopt;
  ChainFields fields;
  fields.body_size = at;
  std::string_view rest = line.substr(at + opening.size());
  if (!take_number(rest, fields.seq) || !take(rest, R"(,"prev":")") || rest.size() < 64) return std::nullopt;
  if (!parse_hex(rest.substr(0, 64), fields.prev)) return std::nullopt;
  rest.remove_prefix(64);
  if (!take(rest, R"(","node":")") || !take_string(rest, fields.node) || !take(rest, R"(,"start":")") ||
      !take_string(rest, fields.start) || !take_form(rest, fields.form) || rest != "}}")
    return std::nullopt;
  return fields;
}

Digest line_hash(std::string_view line, std::size_t body_size) {
  return Sha256().update(sha256(line.substr(0, body_size))).update(line.substr(body_size)).finish();
}

std::string_view record_type(std::string_view line) {
  // Strict and cheap: our records begin with the time and the type.
  if (!take(line, R"({"time":")")) return "";
  std::string_view value;
  if (!take_string(line, value) || !take(line, R"(,"type":")") || !take_string(line, value)) return "";
  return value;
}

bool is_audit_record(std::string_view line) {
  const auto document = json::Document::parse(line);
  if (!document || !document->root().is_object()) return false;
  const auto time = document->root().find("time"), type = document->root().find("type");
  return time && type && time->is_string() && type->is_string() && !type->text().empty() && parse_rfc3339(time->text()).has_value();
}

Chain::Chain(Form form, std::string_view node, std::string_view start) : form_(form) {
  put(tail_, R"(","node":")", node);
  put(tail_, R"(,"start":")", start);
  put_if(tail_, R"(,"form":")", form_name(form));
  tail_.append("}}");
}

void Chain::begin(Batch& batch) const {
  batch.clear();
  batch.before = head_;
}

void Chain::add(Batch& batch, std::string_view body, const Digest& digest) {
  batch.text.append(body);
  const std::size_t rest = batch.text.size();
  batch.text.append(opening);
  append_number(batch.text, head_.seq + 1);
  batch.text.append(R"(,"prev":")");
  append_hex(batch.text, head_.hash);
  batch.text.append(tail_);
  head_.seq += 1;
  head_.hash = Sha256().update(digest).update(std::string_view(batch.text).substr(rest)).finish();
  batch.text.push_back('\n');
  batch.lines.push_back({batch.text.size(), head_});
}

}  // namespace coffer::audit
