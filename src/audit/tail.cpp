#include "audit/tail.h"

#include "base/json.h"

namespace coffer::audit {
namespace {

constexpr std::string_view red = "\x1b[31m", green = "\x1b[32m", yellow = "\x1b[33m", dim = "\x1b[2m", plain = "\x1b[0m";

std::string_view text_at(const json::Value& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->text() : std::string_view();
}

json::Value member(const json::Value& object, std::string_view key) { return object.find(key).value_or(json::Value()); }

// What somebody else wrote, made harmless for a terminal.
void append_clean(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // C1 controls (U+0080 to U+009F) are two bytes in UTF-8.
    const bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c < 0x20 || c == 0x7f || c1) out.push_back('?');
    else out.push_back(text[i]);
    if (c1) ++i;
  }
}

struct Record {
  json::Value root, auth, request, response;
  std::string_view type, error;
  std::string_view outcome;
};

std::string_view outcome_of(const Record& record) {
  const auto allowed = member(record.auth, "policy_results").find("allowed");
  const auto status = member(record.response, "status").as_int();
  if (record.error.find("permission denied") != std::string_view::npos || (allowed && !allowed->as_bool()) || (status && *status == 403))
    return "denied";
  return !record.error.empty() || (status && *status >= 400) ? "failed" : "ok";
}

bool passes(const Record& record, const Filter& filter, Time time) {
  if (filter.type.empty() ? record.type == "request" || record.type == "checkpoint" : record.type != filter.type) return false;
  if (time < filter.since) return false;
  const bool about_request = !filter.entity.empty() || !filter.path.empty() || !filter.operation.empty() || !filter.outcome.empty() ||
                             !filter.request_id.empty();
  if (about_request && !record.request.is_object()) return false;
  const auto equals = [](const std::string& wanted, std::string_view found) { return wanted.empty() || wanted == found; };
  return (equals(filter.entity, text_at(record.auth, "entity_id")) || filter.entity == text_at(record.auth, "display_name")) &&
         text_at(record.request, "path").starts_with(filter.path) && equals(filter.operation, text_at(record.request, "operation")) &&
         equals(filter.outcome, record.outcome) && equals(filter.request_id, text_at(record.request, "id"));
}

void paint(std::string& out, std::string_view color, bool on, std::string_view text) {
  if (on) out.append(color);
  append_clean(out, text);
  if (on) out.append(plain);
}

void pad(std::string& out, std::size_t from, std::size_t width) {
  while (out.size() - from < width) out.push_back(' ');
}

void append_who(std::string& out, const Record& record) {
  const std::string_view name = text_at(record.auth, "display_name"), entity = text_at(record.auth, "entity_id");
  out.append("  by ");
  append_clean(out, !name.empty() ? name : !entity.empty() ? entity : "nobody");
  const std::string_view address = text_at(record.request, "remote_address");
  if (address.empty()) return;
  out.append(" from ");
  append_clean(out, address);
}

// "ok      read    secret/data/app  by dev from 10.0.0.7  <request id>"
void append_request(std::string& out, const Record& record, bool color) {
  std::size_t from = out.size();
  const std::string_view shown = record.outcome;
  std::string padded(shown);
  padded.resize(8, ' ');
  paint(out, shown == "ok" ? green : shown == "denied" ? red : yellow, color, padded);
  from = out.size();
  append_clean(out, text_at(record.request, "operation"));
  pad(out, from, 8);
  const std::string_view space = text_at(member(record.request, "namespace"), "path");
  if (!space.empty()) append_clean(out, std::string("[").append(space).append("] "));
  append_clean(out, text_at(record.request, "path"));
  append_who(out, record);
  if (!record.error.empty()) {
    out.append("  ");
    paint(out, yellow, color, record.error);
  }
  out.append("  ");
  paint(out, dim, color, text_at(record.request, "id"));
}

// Records of the log itself: what they say, as it stands.
void append_own(std::string& out, const Record& record, bool color) {
  std::string type(record.type);
  type.resize(std::max<std::size_t>(8, type.size() + 1), ' ');
  paint(out, yellow, color, type);
  for (const auto& [name, value] : record.root.members())
    if (name != "time" && name != "type" && name != "chain") append_clean(out, value.raw());
}

}  // namespace

Result<void> check_filter(const Filter& filter) {
  for (const std::string_view known : {"", "ok", "denied", "failed"})
    if (filter.outcome == known) return {};
  return invalid("the outcome must be ok, denied or failed");
}

Result<std::optional<std::string>> render(std::string_view line, const Filter& filter, bool color) {
  const auto document = json::Document::parse(line);
  if (!document || !document->root().is_object()) return invalid("not an audit record");
  Record record;
  record.root = document->root();
  record.auth = member(record.root, "auth");
  record.request = member(record.root, "request");
  record.response = member(record.root, "response");
  record.type = text_at(record.root, "type");
  record.error = text_at(record.root, "error");
  const auto time = parse_rfc3339(text_at(record.root, "time"));
  if (record.type.empty() || !time) return invalid("not an audit record");
  record.outcome = outcome_of(record);
  if (!passes(record, filter, *time)) return std::optional<std::string>();
  std::string out;
  std::string stamp = rfc3339(std::chrono::floor<Seconds>(*time));
  stamp[10] = ' ';
  stamp.pop_back();
  paint(out, dim, color, stamp);
  out.append("  ");
  if (record.request.is_object()) append_request(out, record, color);
  else append_own(out, record, color);
  return std::optional<std::string>(std::move(out));
}

}  // namespace coffer::audit
